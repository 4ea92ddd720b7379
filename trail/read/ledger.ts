import type { TopicPartition } from '../../kafka/index.ts'
import type { Queries } from '../../postgres/index.ts'

/** What became of the offsets of a partition in one hour: they are all counted, each once. */
export interface LedgerHour extends TopicPartition {
  /** Counts up with each reset: offsets of different incarnations are of different logs. */
  readonly incarnation: number
  /** When the hour began. */
  readonly hour: Date
  readonly firstOffset: number
  readonly lastOffset: number
  readonly rows: number
  readonly duplicates: number
  readonly quarantined: number
  /** Offsets that hold no event. */
  readonly skipped: number
  /** Offsets that Kafka removed before they were read. */
  readonly lost: number
}

/** A gap in a log, a hole in the ledger, or a ledger that does not agree with a position. */
export interface LedgerFault extends TopicPartition {
  /** In words, as `sink_ledger_faults` has it. */
  readonly what: string
  /** Null where it is not of certain offsets. */
  readonly firstOffset: number | null
  readonly lastOffset: number | null
  readonly records: number
}

export interface LedgerFilter {
  /** With the prefix, as the tables have it. */
  readonly group: string
  /** Default: all that the group has read. */
  readonly topics?: readonly string[]
  /** Default 1,000. */
  readonly limit?: number
}

/** The ledger of a group, by topic, partition and hour. @throws a database error */
export async function readLedger(
  queries: Queries,
  { group, topics, limit = 1_000 }: LedgerFilter
): Promise<LedgerHour[]> {
  const { rows } = await queries.query<Record<keyof LedgerHour, unknown>>(
    `SELECT topic, partition, incarnation, hour, first_offset AS "firstOffset", last_offset AS "lastOffset", rows,
       duplicates, quarantined, skipped, lost
     FROM sink_ledger WHERE consumer_group = $1 AND ($2::text[] IS NULL OR topic = ANY($2))
     ORDER BY topic, partition, incarnation, hour LIMIT $3`,
    [group, topics ?? null, limit]
  )
  return rows.map(row => numbers(row, ledgerCounts) as unknown as LedgerHour)
}

/** What the ledger shows that no one has accepted: gaps, holes, positions that are not where it ends. @throws a database error */
export async function listLedgerFaults(
  queries: Queries,
  { group, topics, limit = 1_000 }: LedgerFilter
): Promise<LedgerFault[]> {
  const { rows } = await queries.query<Record<keyof LedgerFault, unknown>>(
    `SELECT what, topic, partition, first_offset AS "firstOffset", last_offset AS "lastOffset", records
     FROM sink_ledger_faults WHERE consumer_group = $1 AND ($2::text[] IS NULL OR topic = ANY($2))
     ORDER BY topic, partition, first_offset, what LIMIT $3`,
    [group, topics ?? null, limit]
  )
  return rows.map(row => numbers(row, faultCounts) as unknown as LedgerFault)
}

const ledgerCounts = ['firstOffset', 'lastOffset', 'rows', 'duplicates', 'quarantined', 'skipped', 'lost']
const faultCounts = ['firstOffset', 'lastOffset', 'records']

/** Postgres gives a bigint as text; offsets and counts are below 2^53. */
function numbers(row: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const counts = names.map(name => [name, row[name] === null ? null : Number(row[name])])
  return { ...row, ...Object.fromEntries(counts) }
}
