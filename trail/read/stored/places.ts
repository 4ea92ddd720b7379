import type { Pool, PooledSession, Queries } from '../../../postgres/index.ts'

/** Part of a topic's partition: its events that the trail has stored. */
export interface StoredRange {
  readonly eventName: string
  readonly partition: number
  /** One after the last offset. */
  readonly below: number
}

/** When the trail has stored what is meant, both ends included, as Postgres writes times. */
export interface StoredWhen {
  readonly since: string
  readonly until: string
}

/** Where an event of the trail was in Kafka. */
export interface StoredPlace {
  readonly id: string
  readonly aggregateId: string
  readonly eventName: string
  readonly partition: number
  readonly offset: number
}

const meant = `FROM event_envelopes e
  JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS w(event_name, partition, below)
    ON w.event_name = e.event_name AND w.partition = e.kafka_partition AND e.kafka_offset < w.below
  WHERE e.recorded_at BETWEEN $4::timestamptz AND $5::timestamptz`

const valuesOf = (ranges: readonly StoredRange[], { since, until }: StoredWhen): unknown[] => [
  ranges.map(({ eventName }) => eventName),
  ranges.map(({ partition }) => partition),
  ranges.map(({ below }) => below),
  since,
  until
]

/** How many events of each range the trail has, in the order of the ranges, and of how many aggregates in all. */
export async function countStored(
  pool: Queries,
  ranges: readonly StoredRange[],
  when: StoredWhen
): Promise<{ readonly events: readonly number[]; readonly aggregates: number }> {
  const { rows } = await pool.query<{
    event_name: string | null
    partition: number
    events: string
    aggregates: string
  }>(
    `SELECT e.event_name, e.kafka_partition AS partition, count(*) AS events, count(DISTINCT e.aggregate_id) AS aggregates
     ${meant} GROUP BY GROUPING SETS ((e.event_name, e.kafka_partition), ())`,
    valuesOf(ranges, when)
  )
  const all = rows.find(row => row.event_name === null)
  const events = ranges.map(({ eventName, partition }) =>
    Number(rows.find(row => row.event_name === eventName && row.partition === partition)?.events ?? 0)
  )
  return { events, aggregates: Number(all?.aggregates ?? 0) }
}

const placesAtOnce = 1_000

/**
 * The places of these events: those of one partition in the order of their offsets. Which they are is looked up once; no
 * transaction stays open meanwhile.
 */
export async function* storedPlaces(
  pool: Pool,
  ranges: readonly StoredRange[],
  when: StoredWhen
): AsyncGenerator<readonly StoredPlace[], void> {
  const session: PooledSession = await pool.connect()
  try {
    await session.query(
      `DECLARE stored_places CURSOR WITH HOLD FOR
       SELECT e.id, e.aggregate_id, e.event_name, e.kafka_partition AS partition, e.kafka_offset AS place
       ${meant} ORDER BY e.kafka_offset, e.kafka_partition, e.event_name`,
      valuesOf(ranges, when)
    )
    for (;;) {
      const { rows } = await session.query<Record<string, unknown>>(`FETCH ${placesAtOnce} FROM stored_places`)
      if (rows.length === 0) return
      yield rows.map(row => ({
        id: String(row.id),
        aggregateId: String(row.aggregate_id),
        eventName: String(row.event_name),
        partition: Number(row.partition),
        offset: Number(row.place)
      }))
    }
  } finally {
    // The cursor ends with the session.
    session.release(true)
  }
}
