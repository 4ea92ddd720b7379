import { keyOf } from '../../kafka/index.ts'
import { compare, type Difference, explain, type RowsParts } from '../verify/index.ts'
import type { MonthFacts } from './facts.ts'
import type { Month } from './month.ts'

/** Hours in which the rows of an event are not as many as its ledger has. */
export interface EventDifferences {
  readonly eventName: string
  /** Its topics, with the prefix. */
  readonly sources: readonly string[]
  readonly hours: readonly Difference[]
}

/**
 * The ledger against the rows of all events. Counts every row of the trail that was stored since `since`.
 * @throws a database error
 */
export async function differences(
  parts: RowsParts & { readonly onProgress: (words: string) => void }
): Promise<EventDifferences[]> {
  const { rows } = await parts.pool.query<{ event_name: string; topics: string[] }>(
    `SELECT coalesce(t.event_name, topic) AS event_name, array_agg(DISTINCT topic ORDER BY topic) AS topics
     FROM (SELECT DISTINCT topic FROM sink_ledger) AS l LEFT JOIN sink_topics t USING (topic) GROUP BY 1 ORDER BY 1`
  )
  const found: EventDifferences[] = []
  for (const [index, { event_name: eventName, topics: sources }] of rows.entries()) {
    if (parts.signal.aborted) break
    parts.onProgress(`counting the rows of ${eventName}, ${index + 1} of ${rows.length} event names`)
    const compared = await compare(parts, eventName, sources, new Date(0))
    if (compared.differences.length > 0) found.push({ eventName, sources, hours: compared.differences })
  }
  return found
}

/**
 * What does not add up in a month, in words; none where it does. That are hours of the month, and hours in which rows of
 * it were stored, whose rows are not as many as the ledger has, and faults of the ledger up to the last offset of it.
 * @throws a database error
 */
export async function bookFaults(
  parts: RowsParts,
  month: Month,
  facts: MonthFacts,
  found: readonly EventDifferences[]
): Promise<string[]> {
  const words = await ledgerFaults(parts, facts)
  const late = found.length > 0 ? await lateHours(parts, month) : new Set<number>()
  for (const { eventName, sources, hours } of found) {
    const ours = hours.filter(({ hour }) => (hour >= month.start && hour < month.end) || late.has(hour.getTime()))
    for (const [partition, each] of Map.groupBy(ours, ({ partition }) => partition)) {
      const finding = await explain(parts, { eventName, sources, partition }, each)
      if (finding?.level === 'wrong') words.push(finding.words)
    }
  }
  return words
}

/**
 * Hours outside of the month in which rows of it were stored, of any event: of what is missing it is not known which month
 * it was of.
 */
async function lateHours({ pool }: RowsParts, { from, to, start, end }: Month): Promise<Set<number>> {
  const { rows } = await pool.query<{ hour: Date }>(
    `SELECT DISTINCT date_trunc('hour', recorded_at, 'UTC') AS hour FROM event_envelopes
     WHERE id >= $1 AND id < $2 AND (recorded_at < $3 OR recorded_at >= $4)`,
    [from, to, start, end]
  )
  return new Set(rows.map(({ hour }) => hour.getTime()))
}

/** Most faults that are named one by one. */
const most = 100

async function ledgerFaults({ pool }: RowsParts, facts: MonthFacts): Promise<string[]> {
  const lasts = facts.partitions.filter(({ partition }) => partition !== null)
  const { rows } = await pool.query<{ what: string; topic: string; partition: number; records: string }>(
    `SELECT what, f.topic, f.partition, f.records
     FROM sink_ledger_faults f LEFT JOIN sink_topics t USING (topic)
     JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS had(event_name, partition, last_offset)
       ON had.event_name = coalesce(t.event_name, f.topic) AND had.partition = f.partition
     WHERE f.first_offset IS NULL OR f.first_offset <= had.last_offset
     ORDER BY 2, 3, 1 LIMIT ${most}`,
    [
      lasts.map(({ eventName }) => eventName),
      lasts.map(({ partition }) => partition),
      lasts.map(({ lastOffset }) => lastOffset)
    ]
  )
  return rows.map(({ what, topic, partition, records }) => `${keyOf({ topic, partition })}: ${records} ${what}`)
}
