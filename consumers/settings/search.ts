import { asCount, asOneOf, asText, checkRegistryUrls, type Setting } from '../../core/index.ts'

/**
 * Languages that both Postgres 16 and OpenSearch reduce to the stems of words, by the names of Postgres; `simple` takes
 * words as they are written, but for upper case.
 */
export const searchLanguages = [
  'simple',
  'arabic',
  'armenian',
  'basque',
  'catalan',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'greek',
  'hindi',
  'hungarian',
  'indonesian',
  'irish',
  'italian',
  'lithuanian',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'spanish',
  'swedish',
  'turkish'
] as const

const text = (env: string, help: string) => ({ env: `OPENSEARCH_${env}`, help, parse: asText })

/** Of the indexer; not in its folder, whose index loads the driver of Postgres. */
export const searchSettings = {
  searchLanguage: {
    env: 'SEARCH_LANGUAGE',
    flag: '--language <name>',
    help: 'language of the search documents, by its name in Postgres; `eventtrail index rebuild` applies a change',
    initial: 'english',
    parse: asOneOf(searchLanguages)
  },
  openSearchUrl: {
    env: 'OPENSEARCH_URL',
    flag: '--opensearch <url>',
    help: 'OpenSearch that has the search documents, in place of Postgres; several URLs of one cluster, comma-separated',
    parse: checkRegistryUrls
  },
  openSearchIndex: text('INDEX', 'alias of the index in OpenSearch (default: eventtrail-documents)'),
  openSearchShards: {
    env: 'OPENSEARCH_SHARDS',
    help: 'shards of a new index in OpenSearch (default: 1)',
    parse: asCount
  },
  openSearchReplicas: {
    env: 'OPENSEARCH_REPLICAS',
    help: 'copies of each shard besides the first, for a new index in OpenSearch (default: 1)',
    parse: (given: string): number => (given === '0' ? 0 : asCount(given))
  },
  openSearchUsername: text('USERNAME', 'user name for OpenSearch'),
  openSearchPassword: text('PASSWORD', 'password for OpenSearch'),
  openSearchPasswordFile: text('PASSWORD_FILE', 'file with the password for OpenSearch'),
  openSearchApiKey: text('API_KEY', 'API key for OpenSearch, in place of user name and password'),
  openSearchApiKeyFile: text('API_KEY_FILE', 'file with the API key for OpenSearch'),
  openSearchCa: text('CA_LOCATION', 'PEM file of the CAs to trust for OpenSearch (default: those of Node)'),
  openSearchCertificate: text('CERTIFICATE_LOCATION', 'PEM file of the client certificate for OpenSearch'),
  openSearchKey: text('KEY_LOCATION', 'PEM file of the private key of the client certificate for OpenSearch')
} as const satisfies Record<string, Setting<unknown>>
