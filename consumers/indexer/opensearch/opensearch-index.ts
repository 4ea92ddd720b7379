import { checkOptions, isObject, OptionsError } from '../../../core/index.ts'
import type { Reach } from '../../../observability/index.ts'
import type { IndexRebuild, RebuildableIndex } from '../rebuild/index.ts'
import type { SearchIndex } from '../search-index.ts'
import { checkSearch } from '../search-options.ts'
import { findIn } from './find.ts'
import { loadLibrary, SearchHttp } from './http.ts'
import { mappingsOf, settingsOf } from './mapping.ts'
import { type OpenSearchIndexOptions, openSearchRules } from './options.ts'
import { putInto } from './put-many.ts'
import { beginRebuild } from './rebuild.ts'
import { removeEnds } from './remove-ends.ts'

/** A search index in OpenSearch. */
export interface OpenSearchIndex extends RebuildableIndex, AsyncDisposable {
  /** The alias that searches and writes use. */
  readonly name: string
  /** Whether the server can be reached and takes the login, for `/readyz`. */
  readonly reach: Reach
  /**
   * Puts the template of the indexes, and creates the first one where there is none. Needs the rights to do so; without
   * them it is enough that the alias is there.
   * @throws SearchError
   */
  check(): Promise<void>
}

/**
 * OpenSearch 2 or later by its own client, `@opensearch-project/opensearch`, which has to be installed next to
 * eventtrail. Asks nothing yet. Documents have external versions, so that OpenSearch itself refuses an older event.
 * @throws OptionsError; ConfigError `CONFIG_MISSING` where the client is not installed
 */
export async function openSearchIndex(options: OpenSearchIndexOptions): Promise<OpenSearchIndex> {
  checkOptions(options, openSearchRules)
  const { url, tls } = options
  if (tls !== undefined && ![url].flat().some(each => each.startsWith('https:')))
    throw new OptionsError('tls', 'left out, as no `url` begins with https://')
  if (tls !== undefined && (tls.certificate === undefined) !== (tls.key === undefined))
    throw new OptionsError('tls', 'with both `certificate` and `key`')
  const http = new SearchHttp(await loadLibrary(), options, options.timeoutMs ?? 30_000)
  return new OpenSearchDocuments(http, options)
}

class OpenSearchDocuments implements OpenSearchIndex {
  readonly name: string
  readonly #http: SearchHttp
  readonly #options: OpenSearchIndexOptions

  constructor(http: SearchHttp, options: OpenSearchIndexOptions) {
    this.#http = http
    this.#options = options
    this.name = options.name ?? 'eventtrail-documents'
  }

  get reach(): Reach {
    return this.#http.reach
  }

  async check(): Promise<void> {
    const { name } = this
    if (await this.#aliasExists()) {
      // Of later indexes; a login that may only write leaves it as it is.
      await this.#putTemplate([403])
      return
    }
    await this.#putTemplate()
    await this.#http.ask({
      method: 'PUT',
      path: `/${encodeURIComponent(firstIndex(name))}`,
      body: { aliases: { [name]: {} } },
      // Another member of the group was first.
      allow: [400]
    })
    if (!(await this.#aliasExists()))
      await this.#http.ask({
        method: 'POST',
        path: '/_aliases',
        body: { actions: [{ add: { index: firstIndex(name), alias: name } }] }
      })
  }

  putMany(changes: Parameters<SearchIndex['putMany']>[0]): ReturnType<SearchIndex['putMany']> {
    return putInto(this.#http, { name: this.name, isAlias: true }, changes)
  }

  async search(text: string, options: Parameters<SearchIndex['search']>[1] = {}): ReturnType<SearchIndex['search']> {
    checkSearch(text, options)
    return findIn(this.#http, this.name, text, options)
  }

  removeEnds(keepMs: number): Promise<number> {
    return removeEnds(this.#http, this.name, keepMs)
  }

  async count(): Promise<number> {
    const { body } = await this.#http.ask({
      method: 'POST',
      path: `/${encodeURIComponent(this.name)}/_count`,
      body: { query: { term: { deleted: false } } }
    })
    return isObject(body) ? Number(body.count) : 0
  }

  async refresh(): Promise<void> {
    await this.#http.ask({ method: 'POST', path: `/${encodeURIComponent(this.name)}/_refresh` })
  }

  async beginRebuild(key: string): Promise<IndexRebuild> {
    const { refreshMs = 1_000 } = this.#options.settings ?? {}
    await this.#putTemplate()
    return beginRebuild(this.#http, this.name, `${refreshMs}ms`, key)
  }

  close(): Promise<void> {
    return this.#http.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #aliasExists(): Promise<boolean> {
    const path = `/_alias/${encodeURIComponent(this.name)}`
    return (await this.#http.ask({ method: 'GET', path, allow: [404] })).status === 200
  }

  async #putTemplate(allow: readonly number[] = []): Promise<void> {
    const { language = 'english', settings = {} } = this.#options
    await this.#http.ask({
      method: 'PUT',
      path: `/_index_template/${encodeURIComponent(this.name)}`,
      body: {
        index_patterns: [`${this.name}-v*`],
        template: { settings: settingsOf(settings), mappings: mappingsOf(language) }
      },
      allow
    })
  }
}

const firstIndex = (name: string): string => `${name}-v000001`
