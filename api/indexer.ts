/** The consumer group that keeps search documents of events. */

export type { DocumentOf, Documents, IndexedDocument, SearchDocument, SearchIndex } from '../consumers/indexer/index.ts'
export {
  createIndexer,
  type IndexerOptions,
  indexerMigrations,
  type PostgresSearchIndex,
  postgresIndex
} from '../consumers/indexer/index.ts'
export { OptionsError } from '../core/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export { MigrationError, type MigrationErrorCode, PostgresError, type PostgresErrorCode } from '../postgres/index.ts'
