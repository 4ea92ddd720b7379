import { type Database, query } from '../../../postgres/index.ts'
import { wholeText } from '../changes.ts'
import type { DataValue } from '../documents.ts'
import type { SearchHit, SearchOptions, SearchPage } from '../search-index.ts'
import type { SearchLanguage } from '../words/index.ts'
import { cursorText, groupText, highlightParts, marks, parseQueryText, readCursor } from '../words/index.ts'

/** Where the words of a hit are, about 30 words long (PostgreSQL, 12.3.4). */
const headline = `StartSel=${marks.start}, StopSel=${marks.stop}, MaxWords=30, MinWords=15`

interface Statement {
  readonly text: string
  readonly values: unknown[]
}

/** Finds documents in a table. @throws OptionsError for a wrong `after`; PostgresError */
export async function findIn(
  database: Database,
  table: string,
  language: SearchLanguage,
  text: string,
  options: SearchOptions
): Promise<SearchPage> {
  const { limit = 10 } = options
  const statement = statementFor(table, language, text, options, limit)
  const rows = await query(database, statement.text, statement.values)
  const hits = rows.slice(0, limit).map(hitOf)
  const last = rows[limit - 1]
  if (rows.length <= limit || last === undefined) return { hits }
  return {
    hits,
    next: cursorText({ score: String(last.score), occurredAt: String(last.micros), id: String(last.id) })
  }
}

function statementFor(
  table: string,
  language: SearchLanguage,
  text: string,
  { after, prefix, eventNames, data }: SearchOptions,
  limit: number
): Statement {
  const values: unknown[] = []
  const value = (given: unknown): string => `$${values.push(given)}`
  const config = `${value(`pg_catalog.${language}`)}::regconfig`
  const wanted = wantedOf(text, prefix === true, config, value)
  const cursor = readCursor(after)
  const conditions = [
    'words @@ wanted',
    'NOT deleted',
    ...(eventNames ? [`event_name = ANY(${value(eventNames)}::text[])`] : []),
    ...(data ? [`data @> ${value(JSON.stringify(data))}::jsonb`] : [])
  ]
  // In the order of the page: the score falls, then the time, then the id grows, byte by byte as OpenSearch has it.
  const later =
    cursor &&
    `WHERE (score, micros) < (${value(cursor.score)}::float4, ${value(cursor.occurredAt)}::bigint)
       OR (score, micros) = (${value(cursor.score)}::float4, ${value(cursor.occurredAt)}::bigint)
         AND id COLLATE "C" > ${value(cursor.id)}`
  const body = `concat_ws(E'\\n', nullif(text_a, ''), nullif(text_b, ''), nullif(text_c, ''), nullif(text, ''))`
  return {
    text: `WITH found AS (
        SELECT id, title, text_a, text_b, text_c, text, data, event_name, event_id, language,
          (extract(epoch FROM occurred_at) * 1000000)::bigint AS micros, ts_rank(words, wanted) AS score, wanted
        FROM ${table}, (SELECT ${wanted} AS wanted) AS asked
        WHERE ${conditions.join(' AND ')}
      ), page AS (
        SELECT * FROM found ${later ?? ''} ORDER BY score DESC, micros DESC, id COLLATE "C" LIMIT ${value(limit + 1)}
      )
      SELECT id, title, text_a, text_b, text_c, text, data, event_name, event_id, micros::text AS micros,
        score::text AS score, ts_headline(language, ${body}, wanted, '${headline}') AS headline
      FROM page ORDER BY page.score DESC, page.micros DESC, id COLLATE "C"`,
    values
  }
}

/** The tsquery: the words as `websearch_to_tsquery` has them, with the last word as the beginning of one or as it is. */
function wantedOf(text: string, prefix: boolean, config: string, value: (given: unknown) => string): string {
  const groups = prefix ? parseQueryText(text, true) : []
  if (!groups.some(group => group.prefix !== undefined)) return `websearch_to_tsquery(${config}, ${value(text)})`
  return groups
    .map(group => {
      const words = `websearch_to_tsquery(${config}, ${value(groupText(group))})`
      if (group.prefix === undefined) return words
      const beginning = `${value(`${group.prefix}:*`)}`
      // The stem of what is typed, and what is typed: neither alone finds all while a word is not whole.
      return `(${words} && (to_tsquery(${config}, ${beginning}) || to_tsquery('pg_catalog.simple', ${beginning})))`
    })
    .map(each => `(${each})`)
    .join(' || ')
}

function hitOf(row: Readonly<Record<string, unknown>>): SearchHit {
  const text = (name: string): string => String(row[name])
  const title = text('title')
  return {
    id: text('id'),
    ...(title !== '' && { title }),
    text: wholeText({ A: text('text_a'), B: text('text_b'), C: text('text_c'), D: text('text') }),
    data: row.data as Readonly<Record<string, DataValue>>,
    event_name: text('event_name'),
    event_id: text('event_id'),
    occurred_at: BigInt(text('micros')),
    highlight: highlightParts(text('headline'))
  }
}
