import { expect, test } from 'vitest'
import { type EntryKind, grammar } from '../../../proof/index.ts'
import { expectGenerated, page } from '../../support/project/docs.ts'

const words: Readonly<Record<string, string>> = {
  hashOrNone: 'hash or `-`',
  keyName: 'key name',
  shortUuid: 'id',
  role: '`sink`, `bus`, `operator`, `privacy` or `log`',
  resolution: '`duplicate` or `discarded`',
  erasure: '`refused` or `done`'
}
const wordOf = (type: string): string => words[type] ?? type

const often = { once: '', some: ', once or more', any: ', any number of times' }

interface Line {
  readonly times: keyof typeof often
  readonly words: string | Readonly<Record<string, string>>
  readonly sortedBy?: readonly string[]
}

/** A line as it is described: `writer`: its words with what each is. */
function described(name: string, { times, words: each, sortedBy = [] }: Line): string {
  const fields =
    typeof each === 'string'
      ? wordOf(each)
      : Object.entries(each)
          .map(([field, type]) => `${field} (${wordOf(type)})`)
          .join(', ')
  const order = sortedBy.length > 0 ? `, sorted by ${sortedBy.join(', ')}` : times === 'once' ? '' : ', sorted'
  return `| \`${name}\` | ${fields}${often[times]}${order} |`
}

const start = '<!-- kinds: made from proof/entries/grammar.ts -->\n'
const end = '<!-- end of kinds -->'

test('the lines of entries are those of the grammar (UPDATE_DOCS=1 npm test -- --unit test/unit/proof writes them)', () => {
  const sections = (Object.keys(grammar) as EntryKind[]).map(kind => {
    const { role, lines } = grammar[kind]
    const rows = Object.entries(lines).map(([name, line]) => described(name, line))
    return `**${kind}**, signed by a key of the role ${role}:\n\n| line | words |\n|---|---|\n${rows.join('\n')}\n`
  })
  expectGenerated('docs/proof-format.md', start, end, `\n${sections.join('\n')}\n`)
})

test('every kind of a word is explained', () => {
  const types = Object.values(grammar).flatMap(({ lines }) =>
    Object.values(lines as Readonly<Record<string, Line>>).flatMap(line =>
      typeof line.words === 'string' ? [line.words] : Object.values(line.words)
    )
  )
  const { text } = page('docs/proof-format.md')
  const unexplained = [...new Set(types.map(wordOf))].filter(
    word => !word.includes('`') && !text.includes(`\n| ${word} | `)
  )
  expect(unexplained).toEqual([])
})
