import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../../core/index.ts'
import { SearchError } from '../errors.ts'
import { loadLibrary, SearchHttp } from './http.ts'
import { mappingsOf } from './mapping.ts'
import type { OpenSearchIndexOptions } from './options.ts'
import { indexesOf } from './rebuild.ts'

/** One thing about the index, in words. */
export interface SearchFinding {
  readonly level: 'ok' | 'warning' | 'wrong'
  readonly words: string
}

const ok = (words: string): SearchFinding => ({ level: 'ok', words })
const warning = (words: string): SearchFinding => ({ level: 'warning', words })
const wrong = (words: string): SearchFinding => ({ level: 'wrong', words })

/** The oldest that is supported. */
const leastMajor = 2

/**
 * Whether an indexer and searches can work with an OpenSearch. Changes nothing there. Never throws for what a server says.
 * @param options as for `openSearchIndex`, checked
 * @throws ConfigError `CONFIG_MISSING` where the client is not installed
 */
export async function examineOpenSearch(options: OpenSearchIndexOptions): Promise<readonly SearchFinding[]> {
  const http = new SearchHttp(await loadLibrary(), options, options.timeoutMs ?? 10_000)
  const findings: SearchFinding[] = []
  try {
    const examination = new Examination(http, options)
    const server = await examination.server()
    findings.push(server)
    if (server.level !== 'wrong') for await (const finding of examination.index()) findings.push(finding)
  } catch (error) {
    if (!(error instanceof SearchError)) throw error
    findings.push(wrong(error.message))
  } finally {
    await http.close()
  }
  return findings
}

class Examination {
  readonly #http: SearchHttp
  readonly #name: string
  readonly #expected: Fields

  constructor(http: SearchHttp, { name = 'eventtrail-documents', language = 'english' }: OpenSearchIndexOptions) {
    this.#http = http
    this.#name = name
    this.#expected = fieldsOf(mappingsOf(language))
  }

  async server(): Promise<SearchFinding> {
    const { body } = await this.#http.ask({ method: 'GET', path: '/' })
    const version = isObject(body) && isObject(body.version) ? body.version : {}
    const [number, distribution] = [String(version.number ?? 'unknown'), version.distribution]
    if (distribution !== 'opensearch')
      return wrong(`reached version ${number} of a server that is not OpenSearch: check OPENSEARCH_URL`)
    return Number.parseInt(number, 10) >= leastMajor
      ? ok(`reached, version ${number}`)
      : wrong(`reached version ${number}, which is too old: OpenSearch ${leastMajor} or later is needed`)
  }

  async *index(): AsyncGenerator<SearchFinding> {
    const alias = encodeURIComponent(this.#name)
    const { status, body } = await this.#http.ask({ method: 'GET', path: `/_alias/${alias}`, allow: [404] })
    if (status === 404) {
      const plain = await this.#http.ask({ method: 'HEAD', path: `/${alias}`, allow: [404] })
      yield plain.status === 200
        ? wrong(`${this.#name} is an index and no alias: choose another OPENSEARCH_INDEX, or remove it`)
        : warning(`there is no index ${this.#name} yet: \`eventtrail indexer\` creates it at its start`)
      yield await this.#template()
      return
    }
    const indexes = isObject(body) ? Object.keys(body) : []
    if (indexes.length > 1)
      yield wrong(
        `the alias ${this.#name} has several indexes, so that no document is taken: ${indexes.join(', ')}. Leave one in it`
      )
    yield await this.#rights(alias)
    yield await this.#mapping(alias)
    yield await this.#template()
    const health = await this.#health(alias)
    if (health !== undefined) yield health
    const rebuild = (await indexesOf(this.#http, this.#name)).find(each => each.rebuild !== undefined)
    if (rebuild !== undefined)
      yield warning(
        `a rebuild is under way or was interrupted (${rebuild.index}): \`eventtrail index rebuild\` with the same mappings continues it`
      )
  }

  /** Asks for what needs the right and changes nothing: an update of a document that is not there. */
  async #rights(alias: string): Promise<SearchFinding> {
    const search = { method: 'POST', path: `/${alias}/_search`, body: { size: 0 }, allow: [403] } as const
    const write = {
      method: 'POST',
      path: `/${alias}/_update/${crypto.randomUUID()}`,
      query: { require_alias: 'true' },
      body: { doc: {} },
      allow: [403, 404]
    } as const
    const missing = [
      ...((await this.#http.ask(search)).status === 403 ? ['read'] : []),
      ...((await this.#http.ask(write)).status === 403 ? ['write'] : [])
    ]
    return missing.length === 0
      ? ok(`the login may search ${this.#name} and write to it`)
      : wrong(
          `the login may not ${missing.join(' and ')} in ${this.#name}, or the index takes no writes: give it this right`
        )
  }

  async #mapping(alias: string): Promise<SearchFinding> {
    const { status, body } = await this.#http.ask({ method: 'GET', path: `/${alias}/_mapping`, allow: [403] })
    if (status === 403) return warning('the login may not see the fields of the index: they were not looked at')
    const [index] = isObject(body) ? Object.values(body) : []
    const found = fieldsOf(isObject(index) ? index.mappings : undefined)
    return this.#differs(found)
      ? warning(
          `the index ${this.#name} has fields of another version or language than SEARCH_LANGUAGE: run \`eventtrail index rebuild\``
        )
      : ok(`the fields of ${this.#name} are as they should be`)
  }

  async #template(): Promise<SearchFinding> {
    const path = `/_index_template/${encodeURIComponent(this.#name)}`
    const { status, body } = await this.#http.ask({ method: 'GET', path, allow: [403, 404] })
    if (status === 403) return warning('the login may not see the index template: it was not looked at')
    if (status === 404)
      return warning(
        `there is no index template ${this.#name}: an indexer or a rebuild that may put it does so at its start`
      )
    const [first] = isObject(body) && Array.isArray(body.index_templates) ? body.index_templates : []
    const template = isObject(first) && isObject(first.index_template) ? first.index_template.template : undefined
    return this.#differs(fieldsOf(isObject(template) ? template.mappings : undefined))
      ? warning(
          `the index template ${this.#name} is of another version or language: an indexer or a rebuild that may put it does so at its start`
        )
      : ok(`the index template ${this.#name} is as it should be`)
  }

  /** What is there besides is of others. */
  #differs(found: Fields): boolean {
    return [...this.#expected].some(([name, field]) => !isDeepStrictEqual(found.get(name), field))
  }

  async #health(alias: string): Promise<SearchFinding | undefined> {
    const { status, body } = await this.#http.ask({
      method: 'GET',
      path: `/_cluster/health/${alias}`,
      allow: [403, 408]
    })
    if (status === 403 || !isObject(body)) return undefined
    if (body.status === 'red')
      return wrong(`a part of ${this.#name} has no shard that works: look for nodes that are down`)
    if (body.status === 'yellow')
      return warning(
        `copies of ${this.#name} are missing: with its node all of it is lost. Add nodes, or set OPENSEARCH_REPLICAS to 0 on a single one`
      )
    return undefined
  }
}

/** Fields by their names, with what searches depend on. */
type Fields = ReadonlyMap<string, { readonly type: unknown; readonly analyzer: unknown }>

function fieldsOf(mappings: unknown): Fields {
  const properties = isObject(mappings) && isObject(mappings.properties) ? mappings.properties : {}
  return new Map(
    Object.entries(properties).map(([name, field]) => {
      const { type = 'object', analyzer } = isObject(field) ? field : {}
      // Left out in an answer where it is the default.
      return [name, { type, analyzer: type === 'text' ? (analyzer ?? 'standard') : undefined }]
    })
  )
}
