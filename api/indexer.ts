/** The consumer group that keeps a search document per lesson. */

export type { LessonDocument, SearchIndex } from '../consumers/indexer/index.ts'
export {
  createIndexer,
  type IndexerOptions,
  indexerMigrations,
  openPostgresIndex,
  postgresIndex
} from '../consumers/indexer/index.ts'
export { OptionsError } from '../core/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export { MigrationError, type MigrationErrorCode, PostgresError, type PostgresErrorCode } from '../postgres/index.ts'
