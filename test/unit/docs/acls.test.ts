import { expect, test } from 'vitest'
import { type Grant, grantsOf, type Part } from '../../../cli/acls/grants.ts'
import { expectGenerated, page } from '../../support/project/docs.ts'

const start = '<!-- acls: made from cli/acls/grants.ts -->\n'
const end = '<!-- end of acls -->'

/** What the page shows: a producer and a group name their events, the others have every topic of the prefix. */
const shown: readonly (readonly [string, Part, readonly string[], string?])[] = [
  ['producer', 'producer', ['<event>']],
  ['sink', 'sink', []],
  ['group, indexer, notifier', 'group', ['<event>'], '<group>'],
  ['`schemas register`', 'register', []],
  ['doctor', 'doctor', []],
  ['`groups`, `dead-letters`', 'operator', [], '<group>']
]

const row = (who: string, { resource, name, pattern, operations, why }: Grant): string =>
  `| ${[who, operations.join(', '), resource, `\`${name}\``, pattern, why].join(' | ')} |\n`

function table(): string {
  const rows = shown.flatMap(([who, part, events, group]) =>
    grantsOf(part, { topicPrefix: '<prefix>', events, group }).map((grant, index) => row(index === 0 ? who : '', grant))
  )
  return ['| who | rights | on | name | pattern | what for |\n', '|---|---|---|---|---|---|\n', ...rows].join('')
}

test('the table of rights is that of the code (UPDATE_DOCS=1 npm test -- --unit test/unit/docs writes it)', () => {
  expectGenerated('docs/operations.md', start, end, table())
})

test('the page links to it from where a right is missing', () => {
  expect(page('docs/operations.md').text.match(/\(#rights-in-kafka\)/g)?.length).toBeGreaterThan(1)
})
