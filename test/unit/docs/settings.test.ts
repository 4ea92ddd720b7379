import { test } from 'vitest'
import { settings } from '../../../cli/config.ts'
import { expectGenerated } from '../../support/project/docs.ts'

interface Row {
  readonly env: string
  readonly flag?: string
  readonly help: string
  readonly initial?: unknown
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

function defaultOf({ initial }: Row): string {
  if (initial === undefined) return ''
  return initial === '' ? 'none' : code(String(initial))
}

function settingsTable(): string {
  const rows = Object.entries(settings as Record<string, Row>).map(([key, row]) =>
    [code(row.env), row.flag ? code(row.flag) : '', code(key), defaultOf(row), row.help].join(' | ')
  )
  const head = ['| environment | flag | key in the file | default | what it is |', '|---|---|---|---|---|']
  return [...head, ...rows.map(row => `| ${row} |`.replace(/ {2,}/g, ' '))].join('\n')
}

const start = '<!-- settings: made from the settings.ts of each room -->\n'
const end = '<!-- end of settings -->'

test('the table of settings is that of the code (UPDATE_DOCS=1 npm test -- test/unit/docs writes it)', () => {
  expectGenerated('docs/configuration.md', start, end, `${settingsTable()}\n`)
})
