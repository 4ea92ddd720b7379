import {
  documentTable,
  indexerMigrations,
  indexerSessions,
  type OpenSearchAuth,
  type OpenSearchIndexOptions,
  openSearchIndex,
  type RebuildableIndex,
  searchIndexOn
} from '../../consumers/indexer/index.ts'
import { ConfigError, type Logger, type Secret } from '../../core/index.ts'
import type { Reach } from '../../observability/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import type { Config } from '../config.ts'
import { databaseOf } from '../connection.ts'

/** The index that the configuration names, and what it needs. */
export interface OpenedIndex {
  readonly index: RebuildableIndex
  readonly reach: Reach
  /** `Postgres`, `OpenSearch`. */
  readonly where: string
  close(): Promise<void>
}

/**
 * Opens the index of the documents: in OpenSearch where OPENSEARCH_URL is set, else in Postgres.
 * @param creates whether it may create what is not there in OpenSearch
 * @throws ConfigError; what the server says
 */
export async function openIndex(
  config: Config,
  { log, creates }: { log?: Logger; creates: boolean }
): Promise<OpenedIndex> {
  if (config.get('openSearchUrl') !== undefined) {
    const index = await openSearchIndex(openSearchOf(config))
    try {
      if (creates) await index.check()
    } catch (error) {
      await index.close()
      throw error
    }
    return { index, reach: index.reach, where: 'OpenSearch', close: () => index.close() }
  }
  if (config.get('databaseUrl') === undefined)
    throw new ConfigError(
      'CONFIG_MISSING',
      'Neither DATABASE_URL nor OPENSEARCH_URL is set: the documents are in Postgres or in OpenSearch. Set the one that you use in the environment, as a flag (--database or --opensearch), or in the config file'
    )
  const database = openDatabase(databaseOf(config, log), indexerSessions)
  try {
    await database.requireFit()
    await requireTables(database, indexerMigrations, documentTable)
  } catch (error) {
    await database.close()
    throw error
  }
  const index = searchIndexOn(database, { language: config.get('searchLanguage') })
  return { index, reach: database.reach, where: 'Postgres', close: () => database.close() }
}

/** Where OpenSearch is and how to log in to it, from the configuration. @throws ConfigError */
export function openSearchOf(config: Config): OpenSearchIndexOptions {
  const url = config.require('openSearchUrl')
  const [name, ca, certificate, key] = [
    config.get('openSearchIndex'),
    config.get('openSearchCa'),
    config.get('openSearchCertificate'),
    config.get('openSearchKey')
  ]
  if ((certificate === undefined) !== (key === undefined))
    throw invalid('OPENSEARCH_CERTIFICATE_LOCATION and OPENSEARCH_KEY_LOCATION go together: set both or neither')
  const tls = {
    ...(ca !== undefined && { ca: { file: ca } }),
    ...(certificate !== undefined && key !== undefined && { certificate: { file: certificate }, key: { file: key } })
  }
  const hasTls = Object.keys(tls).length > 0
  if (hasTls && !url.some(each => each.startsWith('https:')))
    throw invalid(
      'OPENSEARCH_CA_LOCATION and the client certificate need a URL in OPENSEARCH_URL that begins with https://'
    )
  const auth = authOf(config)
  const [shards, replicas] = [config.get('openSearchShards'), config.get('openSearchReplicas')]
  return {
    url,
    language: config.get('searchLanguage'),
    settings: { ...(shards !== undefined && { shards }), ...(replicas !== undefined && { replicas }) },
    ...(name !== undefined && { name }),
    ...(hasTls && { tls }),
    ...(auth && { auth })
  }
}

function authOf(config: Config): OpenSearchAuth | undefined {
  const username = config.get('openSearchUsername')
  const password = secretOf(config, 'openSearchPassword', 'openSearchPasswordFile', 'OPENSEARCH_PASSWORD')
  const apiKey = secretOf(config, 'openSearchApiKey', 'openSearchApiKeyFile', 'OPENSEARCH_API_KEY')
  if ((username === undefined) !== (password === undefined))
    throw invalid(
      `${username === undefined ? 'OPENSEARCH_USERNAME' : 'OPENSEARCH_PASSWORD or OPENSEARCH_PASSWORD_FILE'} is not set: a login needs both`
    )
  if (username !== undefined && password !== undefined) {
    if (apiKey !== undefined) throw invalid('OPENSEARCH_USERNAME and OPENSEARCH_API_KEY are both set: leave one out')
    return { basic: { username, password } }
  }
  return apiKey === undefined ? undefined : { apiKey }
}

function secretOf(
  config: Config,
  text: 'openSearchPassword' | 'openSearchApiKey',
  file: 'openSearchPasswordFile' | 'openSearchApiKeyFile',
  variable: string
): Secret | undefined {
  const [inText, inFile] = [config.get(text), config.get(file)]
  if (inText !== undefined && inFile !== undefined)
    throw invalid(`${variable} and ${variable}_FILE are both set: leave one out`)
  return inText ?? (inFile === undefined ? undefined : { file: inFile })
}

const invalid = (message: string): ConfigError => new ConfigError('CONFIG_INVALID', message)
