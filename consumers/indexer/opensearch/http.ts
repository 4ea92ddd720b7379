import https from 'node:https'
import type { Client } from '@opensearch-project/opensearch'
import { ConfigError, CurrentSecret, isDefect, readSecret, type Secret } from '../../../core/index.ts'
import { Reach } from '../../../observability/index.ts'
import { SearchError } from '../errors.ts'
import { clientError } from './faults.ts'
import type { OpenSearchAuth, OpenSearchConnection, OpenSearchTls } from './options.ts'

/** A request, and the statuses that are answers and no errors. */
export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: object
  /** Lines of JSON, each with a line break at its end. */
  readonly lines?: string
  readonly allow?: readonly number[]
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

type Library = typeof import('@opensearch-project/opensearch')

/** The client, which is an optional package. @throws ConfigError `CONFIG_MISSING` where it is not installed */
export async function loadLibrary(): Promise<Library> {
  try {
    return await import('@opensearch-project/opensearch')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new ConfigError(
      'CONFIG_MISSING',
      'OpenSearch is used by its client, which is not installed: run `npm install @opensearch-project/opensearch`'
    )
  }
}

/**
 * Requests to OpenSearch by its client. Logins are read for each request, and files of TLS too: when one has changed, new
 * connections are made. Nothing is tried twice here: the group that asks does that.
 */
export class SearchHttp {
  readonly #library: Library
  readonly #urls: readonly string[]
  readonly #tls: OpenSearchTls | undefined
  readonly #authorization: () => Promise<string | undefined>
  readonly #timeoutMs: number
  #client: { readonly client: Client; readonly made: string } | undefined
  readonly reach: Reach

  constructor(library: Library, { url, auth, tls }: OpenSearchConnection, timeoutMs: number) {
    this.#library = library
    const parsed = [url].flat().map(each => new URL(each))
    const [first] = parsed
    const inUrl =
      first && first.username !== ''
        ? { basic: { username: decodeURIComponent(first.username), password: decodeURIComponent(first.password) } }
        : undefined
    this.#urls = parsed.map(each => {
      each.username = ''
      each.password = ''
      return each.href
    })
    this.#tls = tls
    this.#authorization = authorizationOf(auth ?? inUrl)
    this.#timeoutMs = timeoutMs
    this.reach = new Reach({ name: 'OpenSearch', probe: () => this.ask({ method: 'GET', path: '/' }) })
  }

  /** @throws SearchError for a status from 400 that is not allowed, and where there is no answer */
  async ask({ method, path, query, body, lines, allow = [] }: Ask): Promise<Answer> {
    try {
      const authorization = await this.#authorization()
      const client = await this.#current()
      const answer = await client.transport.request(
        {
          method,
          path,
          ...(query && { querystring: { ...query } }),
          ...(body && { body: JSON.stringify(body) }),
          ...(lines !== undefined && { bulkBody: lines })
        },
        {
          maxRetries: 0,
          requestTimeout: this.#timeoutMs,
          ignore: [...allow],
          ...(authorization !== undefined && { headers: { authorization } })
        }
      )
      this.reach.heard(true)
      return { status: answer.statusCode ?? 0, body: answer.body }
    } catch (thrown) {
      if (isDefect(thrown)) throw thrown
      const error = clientError(thrown)
      if (error.retryable) this.reach.heard(false, error.message)
      throw error
    }
  }

  async close(): Promise<void> {
    this.reach.close()
    await this.#client?.client.close()
  }

  async #current(): Promise<Client> {
    const material = await read(this.#tls)
    const made = JSON.stringify(material ?? {})
    if (this.#client !== undefined && this.#client.made === made) return this.#client.client
    const { Client } = this.#library
    const client = new Client({
      nodes: [...this.#urls],
      maxRetries: 0,
      resurrectStrategy: 'optimistic',
      ...(material && { agent: () => new https.Agent({ keepAlive: true, ...material }) })
    })
    void this.#client?.client.close()
    this.#client = { client, made }
    return client
  }
}

/** PEM of everything, read now. @throws SearchError `SEARCH_TLS` */
async function read(tls: OpenSearchTls | undefined): Promise<Readonly<Record<string, string>> | undefined> {
  if (tls === undefined) return undefined
  const names = { ca: 'ca', certificate: 'cert', key: 'key', passphrase: 'passphrase' } as const
  try {
    const found = await Promise.all(
      (Object.keys(names) as (keyof typeof names)[]).map(async name => {
        const given: Secret | undefined = tls[name]
        return given === undefined ? [] : [[names[name], await readSecret(given, `tls.${name}`)] as const]
      })
    )
    return Object.fromEntries(found.flat())
  } catch (error) {
    throw new SearchError('SEARCH_TLS', `TLS with OpenSearch is not possible: ${(error as Error).message}`)
  }
}

function authorizationOf(auth: OpenSearchAuth | undefined): () => Promise<string | undefined> {
  if (auth === undefined) return async () => undefined
  if ('basic' in auth) {
    const { username, password } = auth.basic
    const secret = new CurrentSecret(password, 'auth.basic.password')
    return async () => `Basic ${Buffer.from(`${username}:${await secret.read()}`).toString('base64')}`
  }
  const [scheme, given, name] =
    'apiKey' in auth
      ? (['ApiKey', auth.apiKey, 'auth.apiKey'] as const)
      : (['Bearer', auth.bearer, 'auth.bearer'] as const)
  const secret = new CurrentSecret(given, name)
  return async () => `${scheme} ${(await secret.read()).trim()}`
}
