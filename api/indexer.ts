/** The consumer group that keeps search documents of events. */

export type {
  DataValue,
  DocumentOf,
  DocumentOrigin,
  Documents,
  IndexedChange,
  IndexRebuild,
  Json,
  KafkaSource,
  KafkaSourceOptions,
  RebuildableIndex,
  RebuildOptions,
  RebuildProgress,
  RebuildSource,
  SearchDeletion,
  SearchDocument,
  SearchHit,
  SearchIndex,
  SearchOptions,
  SearchPage,
  SourceBatch,
  TextWeight,
  WeightedText
} from '../consumers/indexer/index.ts'
export {
  createIndexer,
  type HighlightPart,
  highlightHtml,
  type IndexerOptions,
  type IndexSettings,
  indexerMigrations,
  kafkaSource,
  type OpenSearchAuth,
  type OpenSearchConnection,
  type OpenSearchIndex,
  type OpenSearchIndexOptions,
  type OpenSearchTls,
  openSearchIndex,
  type PostgresIndexOptions,
  type PostgresSearchIndex,
  postgresIndex,
  rebuildIndex,
  SearchError,
  type SearchErrorCode,
  type SearchLanguage,
  searchLanguages
} from '../consumers/indexer/index.ts'
export { OptionsError } from '../core/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export { MigrationError, type MigrationErrorCode, PostgresError, type PostgresErrorCode } from '../postgres/index.ts'
