/** The search indexer, a group of its own. */
export { createIndexer, type IndexerOptions } from './indexer.ts'
export { indexerMigrations } from './migrations.ts'
export { documentTable, indexerSessions, openPostgresIndex, postgresIndex } from './postgres-index.ts'
export type { LessonDocument, SearchIndex } from './search-index.ts'
