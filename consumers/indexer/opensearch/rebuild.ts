import { isObject, pause } from '../../../core/index.ts'
import { SearchError } from '../errors.ts'
import type { IndexRebuild, Json } from '../rebuild/index.ts'
import type { SearchHttp } from './http.ts'
import { putInto } from './put-many.ts'

/** What is known of a rebuild, kept in the mapping of its index. */
interface Kept {
  readonly key: string
  readonly progress?: Json
}

/** An index of the alias or of its name. */
interface Found {
  readonly index: string
  readonly isSearched: boolean
  readonly rebuild: Kept | undefined
}

/** ms that the old index stays after the switch. */
const graceMs = 5_000

const numberOf = (index: string): number => Number(/-v(\d+)$/.exec(index)?.[1] ?? 0)

/**
 * A second index that the alias is moved to.
 * @param name of the alias
 * @param refreshInterval of the index once it is searched
 * @throws SearchError
 */
export async function beginRebuild(
  http: SearchHttp,
  name: string,
  refreshInterval: string,
  key: string
): Promise<IndexRebuild> {
  const found = await indexesOf(http, name)
  const open = found.find(({ rebuild }) => rebuild?.key === key)
  for (const { index } of found.filter(each => !each.isSearched && each !== open)) await remove(http, index)
  const index =
    open?.index ?? `${name}-v${String(1 + Math.max(0, ...found.map(each => numberOf(each.index)))).padStart(6, '0')}`
  if (open === undefined)
    await http.ask({
      method: 'PUT',
      path: `/${encodeURIComponent(index)}`,
      // Nothing searches it yet: each refresh would make a small segment.
      body: { settings: { refresh_interval: '-1' }, mappings: { _meta: { rebuild: { key } } } }
    })
  const keep = async (kept: Kept | undefined): Promise<void> => {
    await http.ask({
      method: 'PUT',
      path: `/${encodeURIComponent(index)}/_mapping`,
      body: { _meta: kept === undefined ? {} : { rebuild: kept } }
    })
  }
  let switchedAt = performance.now()
  return {
    progress: open?.rebuild?.progress,
    putMany: changes => putInto(http, { name: index, isAlias: false }, changes),
    save: progress => keep({ key, progress }),
    async switchOver() {
      await http.ask({
        method: 'PUT',
        path: `/${encodeURIComponent(index)}/_settings`,
        body: { index: { refresh_interval: refreshInterval } }
      })
      await http.ask({ method: 'POST', path: `/${encodeURIComponent(index)}/_refresh` })
      const others = (await indexesOf(http, name)).filter(each => each.isSearched && each.index !== index)
      const actions = [
        ...others.map(each => ({ remove: { index: each.index, alias: name } })),
        { add: { index, alias: name } }
      ]
      await http.ask({ method: 'POST', path: '/_aliases', body: { actions } })
      switchedAt = performance.now()
    },
    async finish() {
      // A search that has looked up the alias before the switch is still to read the old index.
      await pause(Math.max(0, graceMs - (performance.now() - switchedAt)))
      const others = await indexesOf(http, name)
      for (const each of others) if (!each.isSearched) await remove(http, each.index)
      await keep(undefined)
    }
  }
}

/** The indexes of an alias, and those of rebuilds. @throws SearchError */
export async function indexesOf(http: SearchHttp, name: string): Promise<Found[]> {
  const { status, body } = await http.ask({
    method: 'GET',
    path: `/${encodeURIComponent(`${name}-v*`)}`,
    query: { filter_path: '*.aliases,*.mappings._meta' },
    allow: [404]
  })
  if (status === 404) return []
  if (!isObject(body)) throw new SearchError('SEARCH_FAILED', 'OpenSearch answers with something else than indexes')
  return Object.entries(body)
    .filter(([index]) => numberOf(index) > 0)
    .map(([index, of]) => {
      const aliases = isObject(of) && isObject(of.aliases) ? of.aliases : {}
      const mappings = isObject(of) && isObject(of.mappings) ? of.mappings : {}
      const rebuild = isObject(mappings._meta) && isObject(mappings._meta.rebuild) ? mappings._meta.rebuild : undefined
      return {
        index,
        isSearched: Object.hasOwn(aliases, name),
        rebuild: typeof rebuild?.key === 'string' ? (rebuild as unknown as Kept) : undefined
      }
    })
}

async function remove(http: SearchHttp, index: string): Promise<void> {
  await http.ask({ method: 'DELETE', path: `/${encodeURIComponent(index)}`, allow: [404] })
}
