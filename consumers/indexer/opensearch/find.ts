import { isObject } from '../../../core/index.ts'
import type { DataValue } from '../documents.ts'
import { SearchError } from '../errors.ts'
import type { SearchHit, SearchOptions, SearchPage } from '../search-index.ts'
import {
  type Cursor,
  cursorText,
  highlightParts,
  marks,
  parseQueryText,
  readCursor,
  type WordGroup
} from '../words/index.ts'
import type { SearchHttp } from './http.ts'
import { termOf } from './mapping.ts'

/**
 * What a hit counts more in these fields. The score of all texts is multiplied: scores of single fields cannot be
 * compared, for a word is rarer in a field that few documents have. A, B and C are to D as in Postgres.
 */
const weights = [
  { fields: ['title', 'text_a'], weight: 10 },
  { fields: ['text_b'], weight: 4 },
  { fields: ['text_c'], weight: 2 }
]

/** Finds documents. @throws OptionsError for a wrong `after`; SearchError */
export async function findIn(
  http: SearchHttp,
  target: string,
  text: string,
  options: SearchOptions
): Promise<SearchPage> {
  const { limit = 10 } = options
  const cursor = readCursor(options.after)
  const groups = parseQueryText(text, options.prefix === true)
  if (groups.length === 0) return { hits: [] }
  const { body } = await http.ask({
    method: 'POST',
    path: `/${encodeURIComponent(target)}/_search`,
    body: {
      size: limit + 1,
      track_total_hits: false,
      query: queryOf(groups, options),
      sort: [{ _score: 'desc' }, { occurred_at: 'desc' }, { id: 'asc' }],
      ...(cursor && { search_after: [Number(cursor.score), cursor.occurredAt, cursor.id] }),
      highlight: {
        pre_tags: [marks.start],
        post_tags: [marks.stop],
        fields: {
          text: { number_of_fragments: 1, fragment_size: 200, no_match_size: 200, require_field_match: false }
        }
      }
    }
  })
  const found = isObject(body) && isObject(body.hits) && Array.isArray(body.hits.hits) ? body.hits.hits : undefined
  if (found === undefined) throw new SearchError('SEARCH_FAILED', 'OpenSearch answers a search with something else')
  const hits = found.slice(0, limit).map(each => hitOf(each as Found))
  const last = found.length > limit ? (found[limit - 1] as Found) : undefined
  return { hits, ...(last && { next: cursorText(placeOf(last)) }) }
}

interface Found {
  readonly _id: string
  readonly _score: number
  readonly _source: Readonly<Record<string, unknown>>
  readonly highlight?: { readonly text?: readonly string[] }
}

const placeOf = ({ _id, _score, _source }: Found): Cursor => ({
  score: String(_score),
  occurredAt: String(_source.occurred_at),
  id: _id
})

function hitOf({ _id, _source, highlight }: Found): SearchHit {
  const { title, text, data, event_name, event_id, occurred_at } = _source
  return {
    id: _id,
    ...(typeof title === 'string' && title !== '' && { title }),
    text: String(text ?? ''),
    data: (data ?? {}) as Readonly<Record<string, DataValue>>,
    event_name: String(event_name),
    event_id: String(event_id),
    occurred_at: BigInt(String(occurred_at)),
    highlight: highlightParts(highlight?.text?.[0] ?? '')
  }
}

function queryOf(groups: readonly WordGroup[], { eventNames, data }: SearchOptions): object {
  const filter = [
    { term: { deleted: false } },
    ...(eventNames ? [{ terms: { event_name: eventNames } }] : []),
    ...Object.entries(data ?? {}).map(([name, value]) => ({ term: { terms: termOf(name, value) } }))
  ]
  return { bool: { should: groups.map(groupQuery), minimum_should_match: 1, filter } }
}

/**
 * Words are looked for in all texts of a document as one, so that each may be in another of them; those without quotes
 * together, so that words of no weight for the language (the, of) are left out.
 */
function groupQuery({ words, phrases, without, prefix }: WordGroup): object {
  const must = [
    ...(words === '' ? [] : [{ match: { all: { query: words, operator: 'and' } } }]),
    ...phrases.map(phrase => ({ match_phrase: { all: phrase } })),
    ...(prefix === undefined ? [] : [{ match_bool_prefix: { all: prefix } }])
  ]
  const query = { bool: { must, must_not: without.map(each => ({ match_phrase: { all: each } })) } }
  const wanted = [words, ...phrases, prefix ?? ''].join(' ').trim()
  if (wanted === '') return query
  const functions = weights.map(({ fields, weight }) => ({
    filter: { multi_match: { query: wanted, fields, type: prefix === undefined ? 'best_fields' : 'bool_prefix' } },
    weight
  }))
  return { function_score: { query, functions, score_mode: 'max', boost_mode: 'multiply' } }
}
