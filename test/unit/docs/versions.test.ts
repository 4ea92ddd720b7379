import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { combinations } from '../../../dev/testing/matrix/combinations.ts'
import { type VersionRun, versionsTable } from '../../../dev/testing/matrix/page.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { expectGenerated } from '../../support/project/docs.ts'

const file = join(cloneRoot, 'docs', 'versions.json')
const runs = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VersionRun[]) : []

const start = '<!-- versions: made from versions.json, which `npm run matrix` writes -->\n'
const end = '<!-- end of versions -->'

test('the table of versions is that of the last runs (UPDATE_DOCS=1 npm test -- test/unit/docs writes it)', () => {
  expectGenerated('docs/versions.md', start, end, versionsTable(runs))
})

test('every combination was run, and no test of it failed', () => {
  const outcomes = runs.map(({ kafka, registry, postgres, failed }) => ({ kafka, registry, postgres, failed }))
  expect(outcomes).toEqual(combinations.map(row => ({ ...row, failed: 0 })))
})

test('a test that failed is seen in the table', () => {
  const [row] = combinations
  if (!row) throw new Error('there is no combination')
  const run = { ...row, at: '2026-01-02T03:04:05.000Z', commit: 'abc', passed: 7, failed: 2, minutes: 1.25 }
  expect(versionsTable([run])).toContain('| 7 of 9 |')
})
