import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settings } from '../../../cli/config.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { page } from '../../support/docs.ts'

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
  const { path, text } = page('docs/configuration.md')
  const from = text.indexOf(start) + start.length
  const to = text.indexOf(end)
  expect(from).toBeGreaterThan(start.length)
  expect(to).toBeGreaterThanOrEqual(from)
  const table = `${settingsTable()}\n`
  if (process.env.UPDATE_DOCS) writeFileSync(join(cloneRoot, path), text.slice(0, from) + table + text.slice(to))
  else expect(text.slice(from, to)).toBe(table)
})
