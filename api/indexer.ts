/** The consumer group that keeps a search document per lesson. */
export { createIndexer, type IndexerOptions } from '../consumers/indexer/indexer.ts'
export { indexerMigrations } from '../consumers/indexer/migrations.ts'
export { openPostgresIndex, postgresIndex } from '../consumers/indexer/postgres-index.ts'
export type { LessonDocument, SearchIndex } from '../consumers/indexer/search-index.ts'
