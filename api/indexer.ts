/** The consumer group that keeps a search document per lesson. */

export type { LessonDocument, SearchIndex } from '../consumers/indexer/index.ts'
export {
  createIndexer,
  type IndexerOptions,
  indexerMigrations,
  openPostgresIndex,
  postgresIndex
} from '../consumers/indexer/index.ts'
