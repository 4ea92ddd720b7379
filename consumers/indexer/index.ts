/** The search indexer: a consumer group that keeps a document for each event. */
export type { DocumentOf, Documents, SearchDocument } from './documents.ts'
export { createIndexer, type IndexerOptions } from './indexer.ts'
export { indexerMigrations } from './migrations.ts'
export {
  documentTable,
  indexerSessions,
  type PostgresSearchIndex,
  postgresIndex,
  searchIndexOn
} from './postgres-index.ts'
export type { IndexedDocument, SearchIndex } from './search-index.ts'
