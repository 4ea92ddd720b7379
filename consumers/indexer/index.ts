/** The search indexer: a consumer group that keeps a document for each event. */
export type {
  DataValue,
  DocumentOf,
  Documents,
  SearchDeletion,
  SearchDocument,
  TextWeight,
  WeightedText
} from './documents.ts'
export { SearchError, type SearchErrorCode, searchErrorCodes } from './errors.ts'
export { createIndexer, type IndexerOptions } from './indexer.ts'
export { indexerMigrations } from './migrations.ts'
export {
  examineOpenSearch,
  type IndexSettings,
  type OpenSearchAuth,
  type OpenSearchConnection,
  type OpenSearchIndex,
  type OpenSearchIndexOptions,
  type OpenSearchTls,
  openSearchIndex,
  type SearchFinding
} from './opensearch/index.ts'
export {
  documentTable,
  indexerSessions,
  type PostgresIndexOptions,
  type PostgresSearchIndex,
  postgresIndex,
  searchIndexOn
} from './postgres/index.ts'
export {
  type IndexRebuild,
  type Json,
  type KafkaSource,
  type KafkaSourceOptions,
  kafkaSource,
  type RebuildableIndex,
  type RebuildOptions,
  type RebuildProgress,
  type RebuildSource,
  rebuildIndex,
  type SourceBatch
} from './rebuild/index.ts'
export type {
  DocumentOrigin,
  IndexedChange,
  SearchHit,
  SearchIndex,
  SearchOptions,
  SearchPage
} from './search-index.ts'
export {
  type HighlightPart,
  highlightHtml,
  type SearchLanguage,
  searchLanguages
} from './words/index.ts'
