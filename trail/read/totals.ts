import type { Queries } from '../../postgres/index.ts'

/** Whose books are read. */
export interface TotalsFilter {
  /** With the prefix, as the tables have it. Default: every group. */
  readonly group?: string | undefined
  /** Default: all that the groups have read. */
  readonly topics?: readonly string[] | undefined
}

const matching = '($1::text IS NULL OR consumer_group = $1) AND ($2::text[] IS NULL OR topic = ANY($2))'
const valuesOf = ({ group, topics }: TotalsFilter) => [group ?? null, topics ?? null]

/** A kind of fault of the ledger, and how many offsets or places it is found at. */
export interface FaultTotal {
  /** In words, as `sink_ledger_faults` has it. */
  readonly what: string
  readonly records: number
}

/** The ledger's faults by their kind; `listLedgerFaults` has them one by one. @throws a database error */
export async function sumLedgerFaults(queries: Queries, filter: TotalsFilter = {}): Promise<FaultTotal[]> {
  const { rows } = await queries.query<Record<keyof FaultTotal, string>>(
    `SELECT what, sum(records) AS records FROM sink_ledger_faults WHERE ${matching} GROUP BY what ORDER BY what`,
    valuesOf(filter)
  )
  return rows.map(({ what, records }) => ({ what, records: Number(records) }))
}

/** Gaps that an operator has accepted, and how many offsets they hold. @throws a database error */
export async function sumAcceptedGaps(
  queries: Queries,
  filter: TotalsFilter = {}
): Promise<{ readonly gaps: number; readonly offsets: number }> {
  const { rows } = await queries.query<{ gaps: string; offsets: string }>(
    `SELECT count(*) AS gaps, coalesce(sum(last_offset - first_offset + 1), 0) AS offsets
     FROM sink_gaps WHERE accepted_at IS NOT NULL AND ${matching}`,
    valuesOf(filter)
  )
  return { gaps: Number(rows[0]?.gaps), offsets: Number(rows[0]?.offsets) }
}

/** Records of a group in quarantine; a batch counts all of its offsets. */
export interface QuarantineTotal {
  readonly group: string
  readonly status: 'held' | 'discarded'
  readonly records: number
}

/** What is in quarantine and no row, by group. @throws a database error */
export async function sumQuarantine(queries: Queries, filter: TotalsFilter = {}): Promise<QuarantineTotal[]> {
  const { rows } = await queries.query<Record<keyof QuarantineTotal, string>>(
    `SELECT consumer_group AS "group", status, sum(coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1) AS records
     FROM sink_quarantine WHERE status IN ('held', 'discarded') AND ${matching} GROUP BY 1, 2 ORDER BY 1, 2`,
    valuesOf(filter)
  )
  return rows.map(row => ({ ...(row as unknown as QuarantineTotal), records: Number(row.records) }))
}

/** What else the books of the trail count. */
export interface BookTotals {
  /** Records that repeated an event that is stored. */
  readonly duplicates: number
  /** Offsets that hold no event. */
  readonly skipped: number
  readonly resets: number
  /** Offsets that resets passed over, of logs that were not replaced. */
  readonly passed: number
}

/** @throws a database error */
export async function sumBooks(queries: Queries, filter: TotalsFilter = {}): Promise<BookTotals> {
  const { rows } = await queries.query<Record<keyof BookTotals, string>>(
    `SELECT
       (SELECT count(*) FROM sink_duplicates WHERE ${matching}) AS duplicates,
       (SELECT coalesce(sum(skipped), 0) FROM sink_ledger WHERE ${matching}) AS skipped,
       (SELECT count(*) FROM sink_resets WHERE ${matching}) AS resets,
       (SELECT coalesce(sum(to_offset - from_offset), 0) FROM sink_resets
        WHERE to_offset > from_offset AND (halted IS NULL OR halted = 'TOO_MANY_BAD') AND ${matching}) AS passed`,
    valuesOf(filter)
  )
  return {
    duplicates: Number(rows[0]?.duplicates),
    skipped: Number(rows[0]?.skipped),
    resets: Number(rows[0]?.resets),
    passed: Number(rows[0]?.passed)
  }
}
