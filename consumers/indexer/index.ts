/** The consumer group that keeps a search document per lesson. */
export { createIndexer, type IndexerOptions } from './indexer.ts'
export { indexerMigrations } from './migrations.ts'
export { openPostgresIndex, postgresIndex } from './postgres-index.ts'
export type { LessonDocument, SearchIndex } from './search-index.ts'
