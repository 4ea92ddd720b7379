import { test } from 'vitest'
import { expectGeneratedFile } from '../../support/project/docs.ts'
import { vectors } from '../../support/proof/vectors.ts'

test('the vectors for other verifiers are what the code gives (UPDATE_DOCS=1 npm test -- test/unit/proof writes them)', () => {
  expectGeneratedFile('docs/proof-vectors.json', `${JSON.stringify(vectors(), undefined, 1)}\n`)
})
