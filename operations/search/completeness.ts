import { describeError } from '../../core/index.ts'
import type { KafkaAdmin } from '../../kafka/index.ts'
import type { Pool, Queries } from '../../postgres/index.ts'
import type { FieldMeaning } from '../../schemas/index.ts'
import { type Question, sumAcceptedGaps, sumLedgerFaults } from '../../trail/index.ts'
import { standings } from '../standing.ts'

/** What could belong to an answer and is not in it. */
export interface Completeness {
  /** When it was looked at, by the clock of Postgres. */
  readonly at: Date
  /** Topics of the question, with their prefix. */
  readonly topics: readonly string[]
  /** Topics of these events that other groups of sinks read: nothing below is about them. */
  readonly notCompared: readonly string[]
  /** What Kafka holds of these topics and the trail does not yet, or why it could not be asked. */
  readonly kafka:
    | { readonly asked: true; readonly unstored: number; readonly halted: number; readonly gone: readonly string[] }
    | { readonly asked: false; readonly why: string }
  /** Records of these topics in quarantine that are no rows, and could be of the question. */
  readonly quarantined: { readonly held: number; readonly discarded: number }
  /** Offsets that Kafka removed before they were read. */
  readonly gaps: { readonly open: number; readonly accepted: number }
  /** Other faults of the books: `eventtrail verify` names them. */
  readonly faults: number
  /** Months that were dropped with rows of these events, such as `2025-11`, the oldest first. */
  readonly droppedMonths: readonly string[]
  /** Rows of these events that were taken out on purpose, with those of the dropped months. */
  readonly removed: number
  /** Events of which it is not known which field names a person: a question for a person does not look into them. */
  readonly unknownPersons: readonly string[]
}

export interface CompletenessParts {
  readonly pool: Pool
  /** Undefined where no Kafka is configured. @throws KafkaError */
  readonly connectKafka: (() => Promise<KafkaAdmin>) | undefined
  /** Of the sinks, with the prefix. */
  readonly group: string
  readonly topicPrefix: string
  readonly meanings: readonly FieldMeaning[]
  /** ms to wait for Kafka. Default 5,000. */
  readonly kafkaTimeoutMs?: number
}

/**
 * Looks at everything that could belong to the answer of a question and is not in the trail.
 * @throws a database error; what goes wrong with Kafka is in the answer
 */
export async function completenessOf(question: Question, parts: CompletenessParts): Promise<Completeness> {
  const { pool, group } = parts
  const { rows } = await pool.query<{ at: Date }>('SELECT now() AS at')
  const events = await eventsOf(pool, question, parts)
  const names = events.map(({ eventName }) => eventName)
  const topics = events.flatMap(event => event.topics)
  const notCompared = events.flatMap(event => event.others)
  const books = { group, topics }
  const kafka = await kafkaSide(topics, parts)
  const faults = await sumLedgerFaults(pool, books)
  const isGap = ({ what }: { readonly what: string }) => what.startsWith('removed from Kafka')
  const sum = (counts: readonly { readonly records: number }[]) =>
    counts.reduce((total, { records }) => total + records, 0)
  return {
    at: (rows[0] as { at: Date }).at,
    topics,
    notCompared,
    kafka,
    quarantined: await quarantined(pool, question, topics),
    gaps: { open: sum(faults.filter(isGap)), accepted: (await sumAcceptedGaps(pool, books)).offsets },
    faults: sum(faults.filter(fault => !isGap(fault))),
    ...(await removedRows(pool, names)),
    unknownPersons: question.person === undefined ? [] : names.filter(name => !namesPersons(parts.meanings, name))
  }
}

interface EventTopics {
  readonly eventName: string
  /** Those that the group reads, or that no group has read yet. */
  readonly topics: readonly string[]
  /** Those that other groups of sinks read. */
  readonly others: readonly string[]
}

const namesPersons = (meanings: readonly FieldMeaning[], eventName: string): boolean =>
  meanings.some(each => each.eventName === eventName && each.meaning === 'subject')

/** The events that a question may be about, with the topics that the trail or the configuration knows of them. */
async function eventsOf(
  queries: Queries,
  { eventName }: Question,
  { topicPrefix, group }: CompletenessParts
): Promise<readonly EventTopics[]> {
  const { rows } = await queries.query<{ event_name: string; topic: string; ours: boolean }>(
    `SELECT event_name, topic, EXISTS (SELECT FROM sink_offsets o WHERE o.topic = t.topic AND consumer_group = $3)
         OR starts_with(topic, $2) AND NOT EXISTS (SELECT FROM sink_offsets o WHERE o.topic = t.topic) AS ours
     FROM sink_topics t WHERE $1::text IS NULL OR event_name = $1
     UNION SELECT substr(topic, length($2) + 1), topic, true FROM sink_offsets o
     WHERE consumer_group = $3 AND starts_with(topic, $2)
       AND NOT EXISTS (SELECT FROM sink_topics t WHERE t.topic = o.topic) AND ($1 IS NULL OR topic = $2 || $1)
     ORDER BY 1, 2`,
    [eventName ?? null, topicPrefix, group]
  )
  const known = new Set(rows.map(({ topic }) => topic))
  // It may be an event that no sink has read a record of.
  const named = eventName === undefined ? [] : [{ event_name: eventName, topic: topicPrefix + eventName, ours: true }]
  const all = Map.groupBy([...rows, ...named.filter(({ topic }) => !known.has(topic))], row => row.event_name)
  return [...all].map(([name, found]) => ({
    eventName: name,
    topics: found.filter(({ ours }) => ours).map(({ topic }) => topic),
    others: found.filter(({ ours }) => !ours).map(({ topic }) => topic)
  }))
}

async function kafkaSide(
  topics: readonly string[],
  { pool, connectKafka, group, kafkaTimeoutMs = 5_000 }: CompletenessParts
): Promise<Completeness['kafka']> {
  if (!connectKafka) return { asked: false, why: 'no brokers are configured' }
  const asked = async () => {
    await using admin = await connectKafka()
    const { partitions, gone } = await standings({ admin, pool }, group, topics)
    return {
      asked: true,
      unstored: partitions.reduce((sum, { waiting }) => sum + waiting, 0),
      halted: partitions.filter(({ halted }) => halted !== undefined).length,
      gone: [...new Set(gone.map(({ topic }) => topic))]
    } as const
  }
  const late = Promise.withResolvers<Completeness['kafka']>()
  const timer = setTimeout(
    () => late.resolve({ asked: false, why: `it did not answer within ${kafkaTimeoutMs / 1_000} s` }),
    kafkaTimeoutMs
  )
  try {
    return await Promise.race([
      asked().catch(error => ({ asked: false, why: describeError(error) }) as const),
      late.promise
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** An entry whose event id is known concerns no question for another event. */
async function quarantined(
  queries: Queries,
  { eventId }: Question,
  topics: readonly string[]
): Promise<Completeness['quarantined']> {
  const { rows } = await queries.query<{ held: string; discarded: string }>(
    `SELECT coalesce(sum(n) FILTER (WHERE status = 'held'), 0) AS held,
       coalesce(sum(n) FILTER (WHERE status = 'discarded'), 0) AS discarded
     FROM (SELECT status, coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1 AS n FROM sink_quarantine
       WHERE status IN ('held', 'discarded') AND topic = ANY($1::text[])
         AND ($2::uuid IS NULL OR event_id IS NULL OR event_id = $2)) AS entries`,
    [topics, eventId ?? null]
  )
  return { held: Number(rows[0]?.held ?? 0), discarded: Number(rows[0]?.discarded ?? 0) }
}

async function removedRows(
  queries: Queries,
  names: readonly string[]
): Promise<Pick<Completeness, 'removed' | 'droppedMonths'>> {
  const { rows } = await queries.query<{ removed: string; months: string[] }>(
    `SELECT (SELECT coalesce(sum(rows), 0) FROM sink_removals WHERE event_name = ANY($1::text[])) AS removed,
       array(SELECT DISTINCT month FROM retention_counts WHERE event_name = ANY($1::text[]) ORDER BY month) AS months`,
    [names]
  )
  return { removed: Number(rows[0]?.removed ?? 0), droppedMonths: rows[0]?.months ?? [] }
}
