import { expect, test } from 'vitest'
import { findingCodes } from '../../../audit/index.ts'
import { expectGenerated } from '../../support/project/docs.ts'

const start = '<!-- findings: made from audit/verify/findings.ts -->\n'
const end = '<!-- end of findings -->'

test('the page of the proof has all findings (UPDATE_DOCS=1 npm test -- test/unit/audit writes them)', () => {
  const lines = Object.entries(findingCodes).map(
    ([code, { meaning, action }]) => `| \`${code}\` | ${meaning} | ${action} |`
  )
  expectGenerated(
    'docs/proof.md',
    start,
    end,
    ['| code | what was found | what to do |', '|---|---|---|', ...lines, ''].join('\n')
  )
  expect(lines.length).toBeGreaterThan(15)
})
