import type { Migrations } from '../../postgres/index.ts'

/** The table of the search documents. */
export const indexerMigrations: Migrations = {
  component: 'indexer',
  directory: new URL('./migrations', import.meta.url),
  optional: true
}
