import type { Migrations } from '../../postgres/index.ts'

/** The table of the search documents. */
export const indexerMigrations: Migrations = {
  component: 'indexer',
  access: {
    grants: [
      { on: 'search_documents', to: ['indexer'], may: 'SELECT, INSERT, UPDATE, DELETE' },
      // Rebuilds are the owner's: they create and drop a table.
      { on: 'search_rebuilds', to: ['indexer'], may: 'SELECT' }
    ]
  },
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  },
  optional: true
}
