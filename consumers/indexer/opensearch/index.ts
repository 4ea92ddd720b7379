/** A search index in OpenSearch. */
export { examineOpenSearch, type SearchFinding } from './examine.ts'
export { type OpenSearchIndex, openSearchIndex } from './opensearch-index.ts'
export type {
  IndexSettings,
  OpenSearchAuth,
  OpenSearchConnection,
  OpenSearchIndexOptions,
  OpenSearchTls
} from './options.ts'
