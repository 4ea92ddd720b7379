import { readdir, readFile } from 'node:fs/promises'
import type { Migrations } from '../../postgres/index.ts'
import { inboxTable } from './statements.ts'

/** The table of `context.once`, in the database of the handlers. */
export const inboxMigrations: Migrations = {
  component: 'inbox',
  access: { grants: [{ on: 'eventtrail_inbox', to: ['handler'], may: 'SELECT, INSERT, DELETE' }] },
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  },
  optional: true
}

/**
 * The SQL that makes the table, for a migration tool of your own. It may be run again.
 * @param schema of the table. Default: where `search_path` leads
 */
export async function inboxSql(schema?: string): Promise<string> {
  const { directory } = inboxMigrations
  const names = (await readdir(directory)).filter(name => name.endsWith('.sql')).sort()
  const files = await Promise.all(names.map(name => readFile(new URL(name, `${directory.href}/`), 'utf8')))
  return files.join('\n').replaceAll(/\beventtrail_inbox\b/g, inboxTable(schema))
}
