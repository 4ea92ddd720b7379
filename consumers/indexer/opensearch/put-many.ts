import { isObject } from '../../../core/index.ts'
import { sortChanges, textsByWeight, wholeText } from '../changes.ts'
import { SearchError } from '../errors.ts'
import type { IndexedChange } from '../search-index.ts'
import { errorOf, typeOf } from './faults.ts'
import type { SearchHttp } from './http.ts'
import { termOf } from './mapping.ts'
import { type Kept, nextSlot, slots, versionOf } from './versions.ts'

/** The most bytes of one request; OpenSearch takes 100 MB (`http.max_content_length`). */
const mostBytes = 8 * 1024 * 1024
const mostDocuments = 1_000
/** How often a document is tried while others change it at the same time. */
const mostRounds = 8

/** Where documents are written to. */
export interface Target {
  readonly name: string
  /** Whether it is an alias: without it, OpenSearch would create an index of its name, with fields of its own guess. */
  readonly isAlias: boolean
}

/** One document on its way, and where it was in the list. */
interface Item {
  readonly at: number
  readonly change: IndexedChange
  readonly slot: number
}

/**
 * Writes changes by bulk requests.
 * @throws SearchError that is retryable, where no document is at fault
 */
export async function putInto(
  http: SearchHttp,
  target: Target,
  changes: readonly IndexedChange[]
): Promise<(Error | undefined)[]> {
  const { latest, faults } = sortChanges(changes)
  let items: Item[] = latest.map(({ at, change }) => ({ at, change, slot: 0 }))
  for (let round = 1; items.length > 0; round += 1) {
    if (round > mostRounds)
      throw new SearchError('SEARCH_UNAVAILABLE', 'Others change the same documents of OpenSearch; trying again')
    const conflicts: Item[] = []
    for (const part of partsOf(items)) conflicts.push(...(await writeAll(http, target, part, faults)))
    items = await ofSameTime(http, target, conflicts)
  }
  return faults
}

interface Line {
  readonly item: Item
  readonly text: string
}

function* partsOf(items: readonly Item[]): Generator<Line[]> {
  let part: Line[] = []
  let bytes = 0
  for (const item of items) {
    const text = linesOf(item)
    const size = Buffer.byteLength(text)
    if (part.length > 0 && (bytes + size > mostBytes || part.length === mostDocuments)) {
      yield part
      part = []
      bytes = 0
    }
    part.push({ item, text })
    bytes += size
  }
  if (part.length > 0) yield part
}

/**
 * One request; where OpenSearch refuses it as a whole because of a document, its halves.
 * @returns those that met a version that is as high or higher
 */
async function writeAll(
  http: SearchHttp,
  target: Target,
  lines: readonly Line[],
  faults: (Error | undefined)[]
): Promise<Item[]> {
  const { status, body } = await http.ask({
    method: 'POST',
    path: `/${encodeURIComponent(target.name)}/_bulk`,
    query: { require_alias: String(target.isAlias), filter_path: 'items.*.status,items.*.error.type' },
    lines: lines.map(({ text }) => text).join(''),
    allow: [400, 413]
  })
  if (status >= 400) {
    const [only] = lines
    if (lines.length === 1 && only) {
      faults[only.item.at] = errorOf({ status, type: typeOf(body) }, true)
      return []
    }
    const half = lines.length >> 1
    return [
      ...(await writeAll(http, target, lines.slice(0, half), faults)),
      ...(await writeAll(http, target, lines.slice(half), faults))
    ]
  }
  const results = isObject(body) && Array.isArray(body.items) ? body.items : []
  if (results.length !== lines.length)
    throw new SearchError('SEARCH_UNAVAILABLE', 'OpenSearch did not answer for every document; trying again')
  const conflicts: Item[] = []
  for (const [at, { item }] of lines.entries()) {
    const result = resultOf(results[at])
    if (result.status === 409) conflicts.push(item)
    else if (result.status >= 400) {
      const error = errorOf(result, true)
      if (error.retryable) throw error
      faults[item.at] = error
    }
  }
  return conflicts
}

function resultOf(given: unknown): { readonly status: number; readonly type: string } {
  const answer = isObject(given) ? Object.values(given)[0] : undefined
  const status = isObject(answer) && typeof answer.status === 'number' ? answer.status : 500
  return { status, type: typeOf(answer) }
}

/** Of those that met a version that is as high or higher, those whose event is later anyway. */
async function ofSameTime(http: SearchHttp, target: Target, conflicts: readonly Item[]): Promise<Item[]> {
  if (conflicts.length === 0) return []
  const { body } = await http.ask({
    method: 'POST',
    path: `/${encodeURIComponent(target.name)}/_mget`,
    query: { _source: 'occurred_at,event_id,slot' },
    body: { ids: conflicts.map(({ change }) => change.id) }
  })
  const docs = isObject(body) && Array.isArray(body.docs) ? body.docs : []
  return conflicts.flatMap((item, at) => {
    const kept = keptOf(docs[at])
    // Taken out by hand in between.
    if (kept === undefined) return [{ ...item, slot: 0 }]
    const slot = nextSlot(item.change, kept)
    return slot === undefined ? [] : [{ ...item, slot }]
  })
}

function keptOf(doc: unknown): Kept | undefined {
  if (!isObject(doc) || doc.found !== true || !isObject(doc._source)) return undefined
  const { occurred_at, event_id, slot = 0 } = doc._source
  return { occurredAt: BigInt(String(occurred_at)), eventId: String(event_id), slot: Number(slot) }
}

function linesOf({ change, slot }: Item): string {
  const { id } = change
  // 63 bits, which a number of JavaScript does not have.
  const type = slot === slots - 1 ? 'external_gte' : 'external'
  const action = `{"index":{"_id":${JSON.stringify(id)},"version":${versionOf(change, slot)},"version_type":"${type}"}}`
  return `${action}\n${JSON.stringify(sourceOf(change, slot))}\n`
}

function sourceOf(change: IndexedChange, slot: number): object {
  const { id, event_name, event_id, occurred_at } = change
  // A text: of late years it has more digits than a number of JavaScript.
  const origin = { id, event_name, event_id, occurred_at: String(occurred_at), ...(slot > 0 && { slot }) }
  if ('deleted' in change) return { ...origin, deleted: true, deleted_at: Date.now() }
  const { title, data = {} } = change
  const texts = textsByWeight(change)
  const { A, B, C } = texts
  return {
    ...origin,
    deleted: false,
    ...(title !== undefined && title !== '' && { title }),
    ...(A !== '' && { text_a: A }),
    ...(B !== '' && { text_b: B }),
    ...(C !== '' && { text_c: C }),
    text: wholeText(texts),
    data,
    terms: Object.entries(data).map(([name, value]) => termOf(name, value))
  }
}
