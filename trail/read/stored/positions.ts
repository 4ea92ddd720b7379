import type { Queries } from '../../../postgres/index.ts'

/** How far the trail has stored a partition. */
export interface StoredUpTo {
  readonly topic: string
  readonly partition: number
  /** One after the last offset that is accounted for. */
  readonly next: number
  /**
   * Rows that were stored from then on are of the log that the topic has now; undefined where it had no other one.
   */
  readonly sameLogSince: Date | undefined
}

export async function storedUpTo(pool: Queries, topics: readonly string[]): Promise<readonly StoredUpTo[]> {
  const { rows } = await pool.query<{ topic: string; partition: number; next: string; since: Date | null }>(
    `SELECT topic, partition, max(next_offset) AS next,
       max(CASE WHEN incarnation > 1 THEN coalesce((
         SELECT min(hour) + interval '1 hour' FROM sink_ledger l
         WHERE (l.consumer_group, l.topic, l.partition, l.incarnation) = (o.consumer_group, o.topic, o.partition, o.incarnation)
       ), updated_at) END) AS since
     FROM sink_offsets o WHERE topic = ANY($1::text[]) GROUP BY topic, partition`,
    [topics]
  )
  return rows.map(({ topic, partition, next, since }) => ({
    ...{ topic, partition, next: Number(next) },
    sameLogSince: since ?? undefined
  }))
}

/** Of these event names the ones that several topics write to the trail: rows do not say which topic they came from. */
export async function eventsOfSeveralTopics(pool: Queries, eventNames: readonly string[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ event_name: string }>(
    `SELECT event_name FROM sink_topics WHERE event_name = ANY($1::text[])
     GROUP BY event_name HAVING count(DISTINCT topic) > 1 ORDER BY event_name`,
    [eventNames]
  )
  return rows.map(({ event_name }) => event_name)
}

/** Offsets of topics that have no row, by the ledger of the hours since a time. */
export async function unstoredSince(
  pool: Queries,
  topics: readonly string[],
  since: Date
): Promise<{ readonly quarantined: number; readonly lost: number }> {
  const { rows } = await pool.query<{ quarantined: string | null; lost: string | null }>(
    `SELECT max(quarantined) AS quarantined, max(lost) AS lost FROM (
       SELECT sum(quarantined) AS quarantined, sum(lost) AS lost FROM sink_ledger
       WHERE topic = ANY($1::text[]) AND hour >= date_trunc('hour', $2::timestamptz, 'UTC') GROUP BY consumer_group
     ) AS books`,
    [topics, since]
  )
  return { quarantined: Number(rows[0]?.quarantined ?? 0), lost: Number(rows[0]?.lost ?? 0) }
}
