import type { Pool, Queries } from '../../postgres/index.ts'
import { bookFaults, differences } from './books.ts'
import { factsOf } from './facts.ts'
import { holdsOf } from './holds.ts'
import { type Month, monthNamed } from './month.ts'

/** A month that is in the trail. */
export interface ListedMonth {
  /** `2026-11` */
  readonly month: string
  /** `default`: it has no partition, its rows are in event_envelopes_default. */
  readonly place: 'partition' | 'default'
  /** Exact where it was counted, else as Postgres estimates. */
  readonly rows: number
  readonly isEstimate: boolean
  /** Of the partition with its indexes; null for rows in event_envelopes_default. */
  readonly bytes: number | null
  /** Rows whose ids carry no time, and are in this month by chance; null where they were not counted. */
  readonly byChance: number | null
  /** Numbers of the holds that keep it. */
  readonly holds: readonly number[]
  /** What does not add up, in words; null where it was not counted. */
  readonly faults: readonly string[] | null
}

/** A month that was dropped by `eventtrail retention drop`; a month whose events came later may have been dropped twice. */
export interface DroppedMonth {
  readonly month: string
  readonly at: Date
  /** The number in operator_log. */
  readonly action: number
  readonly actor: string
  readonly reason: string
  readonly rows: number
  /** Where its archive is; null: there is none. */
  readonly archive: string | null
}

export interface ListParts {
  readonly pool: Pool
  /** Estimates rows, and compares nothing. */
  readonly quick: boolean
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/** The months of the trail, the oldest first. Counts every row, unless `quick`. @throws a database error */
export async function* listMonths(parts: ListParts): AsyncGenerator<ListedMonth> {
  const { pool, quick, onProgress, signal } = parts
  const places = await placesOf(pool)
  const found = quick ? [] : await differences(parts)
  for (const { month, bytes, estimate, place } of places) {
    if (signal.aborted) return
    const holds = await holdsOf(pool, month.name)
    const listed = { month: month.name, place, bytes, holds }
    if (quick) {
      yield { ...listed, rows: estimate, isEstimate: place === 'partition', byChance: null, faults: null }
      continue
    }
    onProgress(`counting the rows of ${month.name}`)
    const facts = await factsOf(pool, month)
    const faults = await bookFaults(parts, month, facts, found)
    yield { ...listed, rows: facts.rows, isEstimate: false, byChance: facts.byChance, faults }
  }
}

interface Place {
  readonly month: Month
  readonly place: ListedMonth['place']
  readonly bytes: number | null
  readonly estimate: number
}

async function placesOf(queries: Queries): Promise<Place[]> {
  const { rows } = await queries.query<{ month: string; bytes: string | null; estimate: string }>(
    `SELECT replace(right(c.relname, 7), '_', '-') AS month, pg_total_relation_size(c.oid) AS bytes,
       greatest(c.reltuples, 0)::bigint AS estimate
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'event_envelopes'::regclass AND c.relname ~ '^event_envelopes_\\d{4}_\\d{2}$'
     UNION ALL
     SELECT to_char(to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
       AT TIME ZONE 'UTC', 'YYYY-MM'), NULL, count(*)
     FROM event_envelopes_default WHERE substr(id::text, 15, 1) = '7' GROUP BY 1 ORDER BY 1`
  )
  return rows.flatMap(({ month: name, bytes, estimate }) => {
    const month = monthNamed(name)
    if (month === undefined) return []
    const place = bytes === null ? ('default' as const) : ('partition' as const)
    return [{ month, place, bytes: bytes === null ? null : Number(bytes), estimate: Number(estimate) }]
  })
}

/** The months that were dropped, in the order in which they were. @throws a database error */
export async function listDropped(queries: Queries): Promise<DroppedMonth[]> {
  const { rows } = await queries.query<Record<keyof DroppedMonth, unknown>>(
    'SELECT month, at, action, actor, reason, rows, archive FROM retention_dropped ORDER BY at, action'
  )
  return rows.map(row => ({ ...row, action: Number(row.action), rows: Number(row.rows) }) as unknown as DroppedMonth)
}
