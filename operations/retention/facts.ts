import type { Queries } from '../../postgres/index.ts'
import type { Month } from './month.ts'

/** Rows of a month that came from one partition of the topics of an event. */
export interface PartitionFacts {
  readonly eventName: string
  /** Null for rows that did not come from Kafka. */
  readonly partition: number | null
  readonly rows: number
  readonly firstOffset: number | null
  readonly lastOffset: number | null
  readonly firstRecorded: Date
  readonly lastRecorded: Date
  /** Rows whose ids are of another version than 7: they are in this month by chance. */
  readonly byChance: number
  /** Of the ids, in any order: the same ids have the same one. */
  readonly fingerprint: string
}

/** What a month has in the trail. */
export interface MonthFacts {
  readonly partitions: readonly PartitionFacts[]
  readonly rows: number
  readonly byChance: number
}

/** Counts a month, by event and partition. Reads all of its rows. @throws a database error */
export async function factsOf(queries: Queries, { from, to }: Month): Promise<MonthFacts> {
  const { rows } = await queries.query<Record<string, string | null> & { first: Date; last: Date }>(
    `SELECT event_name, kafka_partition, count(*) AS rows, min(kafka_offset) AS first_offset,
       max(kafka_offset) AS last_offset, min(recorded_at) AS first, max(recorded_at) AS last,
       count(*) FILTER (WHERE substr(id::text, 15, 1) <> '7') AS by_chance,
       bit_xor(uuid_hash_extended(id, 0)) AS fingerprint
     FROM event_envelopes WHERE id >= $1 AND id < $2 GROUP BY 1, 2 ORDER BY 1, 2`,
    [from, to]
  )
  const partitions = rows.map(row => ({
    eventName: String(row.event_name),
    partition: numberOf(row.kafka_partition),
    rows: Number(row.rows),
    firstOffset: numberOf(row.first_offset),
    lastOffset: numberOf(row.last_offset),
    firstRecorded: row.first,
    lastRecorded: row.last,
    byChance: Number(row.by_chance),
    fingerprint: String(row.fingerprint)
  }))
  return {
    partitions,
    rows: partitions.reduce((sum, each) => sum + each.rows, 0),
    byChance: partitions.reduce((sum, each) => sum + each.byChance, 0)
  }
}

const numberOf = (value: string | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)

/** Whether both are of the same rows. */
export const sameRows = (a: MonthFacts, b: MonthFacts): boolean =>
  JSON.stringify(a.partitions.map(essence)) === JSON.stringify(b.partitions.map(essence))

const essence = ({ eventName, partition, rows, firstOffset, lastOffset, fingerprint }: PartitionFacts) => [
  eventName,
  partition,
  rows,
  firstOffset,
  lastOffset,
  fingerprint
]
