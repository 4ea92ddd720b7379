import type { Migrations } from '../../postgres/index.ts'

/** The table of the search documents. */
export const indexerMigrations: Migrations = {
  component: 'indexer',
  access: {
    grants: [
      { on: 'search_documents', to: ['indexer'], may: 'SELECT, INSERT, UPDATE, DELETE' },
      // Rebuilds are the owner's: they create and drop a table.
      { on: 'search_rebuilds', to: ['indexer'], may: 'SELECT' },
      // `eventtrail search` shows content, and records to whom. Who was shown what else is not its affair.
      {
        on: 'disclosures',
        to: ['indexer'],
        may: 'SELECT (number, ended_at), INSERT, UPDATE (ended_at, complete, rows, unattributed, ids_sha256, bytes, sha256)'
      },
      { on: 'disclosure_subjects', to: ['indexer'], may: 'INSERT' }
    ]
  },
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  },
  optional: true
}
