import type { OpenLetter, PlannedLetter } from '../../../consumers/index.ts'
import type { Pool, Queries } from '../../../postgres/index.ts'
import { aggregateDigest, type LetterFacts } from '../letter.ts'

/** Which letters are meant; all of it must hold. */
export interface LetterFilter {
  /** The whole topic that the message came from. */
  readonly topic?: string
  readonly code?: string
  /** The id of the aggregate: the key of the message. */
  readonly aggregate?: string
  /** They became letters at this time or later, and before that one. */
  readonly since?: Date
  readonly until?: Date
  /** Of the service that gave up on them. */
  readonly version?: string
}

/** What an operator can do with a letter: `open` and `dead again` differ in that the latter has a newer letter. */
export type LetterState = 'open' | 'redriven' | 'handled' | 'dead again' | 'discarded'

/** A letter in a list. */
export interface ListedLetter {
  readonly topicId: string
  readonly offset: number
  readonly at: Date
  readonly topic: string | null
  readonly partition: number | null
  readonly sourceOffset: number | null
  readonly code: string
  readonly attempts: number | null
  readonly version: string | null
  readonly policy: string | null
  readonly bytes: number
  readonly truncated: boolean
  readonly redriveCount: number
  readonly state: LetterState
  readonly stateAt: Date | null
  readonly action: number | null
}

/** How many letters there are of a kind. */
export interface LetterCount {
  readonly state: LetterState
  readonly code: string
  readonly topic: string | null
  readonly letters: number
}

/** A log of dead letters: a group's topic by its id. */
export interface LetterLog {
  /** As Kafka has it, with the prefix. */
  readonly groupId: string
  readonly topicId: string
}

const matching = `($3::text IS NULL OR topic = $3) AND ($4::text IS NULL OR code = $4)
  AND ($5::bytea IS NULL OR aggregate = $5) AND ($6::timestamptz IS NULL OR at >= $6)
  AND ($7::timestamptz IS NULL OR at < $7) AND ($8::text IS NULL OR service_version = $8)`

const valuesOf = ({ groupId, topicId }: LetterLog, filter: LetterFilter): unknown[] => [
  groupId,
  topicId,
  filter.topic ?? null,
  filter.code ?? null,
  filter.aggregate === undefined ? null : aggregateDigest(filter.aggregate),
  filter.since ?? null,
  filter.until ?? null,
  filter.version ?? null
]

/** Letters of a log, the oldest first. */
export async function listLetters(
  pool: Pool,
  log: LetterLog,
  filter: LetterFilter & { readonly state: LetterState | 'all'; readonly limit: number; readonly offset?: number }
): Promise<ListedLetter[]> {
  const { rows } = await pool.query(
    `SELECT topic_id AS "topicId", kafka_offset AS "offset", at, topic, partition, source_offset AS "sourceOffset", code,
       attempts, service_version AS version, policy, bytes, truncated, redrive_count AS "redriveCount", state,
       state_at AS "stateAt", action
     FROM dead_letter_list WHERE consumer_group = $1 AND topic_id = $2 AND ${matching} AND ($9 = 'all' OR state = $9)
       AND ($11::bigint IS NULL OR kafka_offset = $11)
     ORDER BY kafka_offset LIMIT $10`,
    [...valuesOf(log, filter), filter.state, filter.limit, filter.offset ?? null]
  )
  return rows.map(row => numbersIn(row, ['offset', 'sourceOffset', 'action']) as unknown as ListedLetter)
}

/** How many letters match, by state, code and topic, the most first. */
export async function countLetters(pool: Pool, log: LetterLog, filter: LetterFilter): Promise<LetterCount[]> {
  const { rows } = await pool.query<Omit<LetterCount, 'letters'> & { letters: string }>(
    `SELECT state, code, topic, count(*) AS letters FROM dead_letter_list
     WHERE consumer_group = $1 AND topic_id = $2 AND ${matching} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3`,
    valuesOf(log, filter)
  )
  return rows.map(row => ({ ...row, letters: Number(row.letters) }))
}

/** Open letters that match, and all other open ones of the same messages and of aggregates that are parked. */
export async function openLetters(pool: Pool, log: LetterLog, filter: LetterFilter): Promise<OpenLetter[]> {
  const { rows } = await pool.query(
    `WITH open AS MATERIALIZED (
       SELECT *, (${matching}) IS TRUE AS matches FROM dead_letter_list
       WHERE consumer_group = $1 AND topic_id = $2 AND state = 'open'
     ), ${underway}
     SELECT ${openColumns}, matches, underway.aggregate IS NOT NULL AS underway
     FROM open l LEFT JOIN underway USING (topic, partition, aggregate)
     WHERE matches OR policy = 'park' OR EXISTS (
       SELECT FROM open m WHERE m.matches AND (m.topic, m.partition, m.source_offset) = (l.topic, l.partition, l.source_offset))
     ORDER BY kafka_offset`,
    valuesOf(log, filter)
  )
  return rows.map(toOpenLetter)
}

/** Parked aggregates of which a letter was sent and is not handled yet. */
const underway = `underway AS MATERIALIZED (
       SELECT DISTINCT topic, partition, aggregate FROM dead_letter_list
       WHERE consumer_group = $1 AND topic_id = $2 AND state = 'redriven' AND policy = 'park' AND aggregate IS NOT NULL
     )`

/** All open letters of these aggregates. */
export async function openLettersOf(
  pool: Pool,
  { groupId, topicId }: LetterLog,
  aggregates: readonly Pick<PlannedLetter, 'source' | 'aggregate'>[]
): Promise<OpenLetter[]> {
  const { rows } = await pool.query(
    `WITH asked AS (
       SELECT topic, partition, decode(digest, 'hex') AS aggregate
       FROM unnest($3::text[], $4::int[], $5::text[]) AS given(topic, partition, digest)
     ), ${underway}
     SELECT ${openColumns}, TRUE AS matches, underway.aggregate IS NOT NULL AS underway
     FROM dead_letter_list l JOIN asked USING (topic, partition, aggregate)
     LEFT JOIN underway USING (topic, partition, aggregate)
     WHERE consumer_group = $1 AND topic_id = $2 AND state = 'open' ORDER BY kafka_offset`,
    [
      groupId,
      topicId,
      aggregates.map(({ source }) => source.topic),
      aggregates.map(({ source }) => source.partition),
      aggregates.map(({ aggregate }) => aggregate)
    ]
  )
  return rows.map(toOpenLetter)
}

/** What {@link toOpenLetter} reads. */
export const openColumns = `l.kafka_offset AS "offset", topic, partition, source_offset, encode(aggregate, 'hex') AS aggregate, policy,
  truncated, redrive_count, bytes`

export function toOpenLetter(row: Record<string, unknown>): OpenLetter {
  const { topic, partition, source_offset: offset, aggregate, policy } = row
  return {
    offset: Number(row.offset),
    source:
      offset === null ? undefined : { topic: String(topic), partition: Number(partition), offset: Number(offset) },
    aggregate: String(aggregate ?? ''),
    policy: policy === null ? undefined : String(policy),
    truncated: row.truncated === true,
    redriveCount: Number(row.redrive_count),
    bytes: Number(row.bytes),
    isUnderway: row.underway === true,
    matches: row.matches === true
  }
}

/** Adds letters to the catalogue; those that are there stay as they are. */
export async function addLetters(client: Queries, log: LetterLog, letters: readonly LetterFacts[]): Promise<void> {
  if (letters.length === 0) return
  const rows = letters.map(({ source, redriveOf, aggregate, at, firstFailure, ...facts }) => ({
    ...facts,
    at: at.toISOString(),
    first_failure: firstFailure?.toISOString(),
    topic: source?.topic,
    partition: source?.partition,
    source_offset: source?.offset,
    aggregate: aggregate?.toString('hex'),
    redriven_topic_id: redriveOf?.topicId,
    redriven_offset: redriveOf?.offset
  }))
  await client.query(
    `INSERT INTO dead_letters (consumer_group, topic_id, kafka_offset, at, topic, partition, source_offset, code, attempts,
       service_version, policy, first_failure, aggregate, bytes, truncated, redriven_topic_id, redriven_offset,
       redrive_action, redrive_count)
     SELECT $1, $2, "offset", at, topic, partition, source_offset, code, attempts, version, policy, first_failure,
       decode(aggregate, 'hex'), bytes, truncated, redriven_topic_id, redriven_offset, "redriveAction", "redriveCount"
     FROM jsonb_to_recordset($3::jsonb) AS r("offset" bigint, at timestamptz, topic text, partition integer,
       source_offset bigint, code text, attempts integer, version text, policy text, first_failure timestamptz,
       aggregate text, bytes integer, truncated boolean, redriven_topic_id text, redriven_offset bigint,
       "redriveAction" bigint, "redriveCount" integer)
     ON CONFLICT DO NOTHING`,
    [log.groupId, log.topicId, JSON.stringify(rows)]
  )
}

function numbersIn(row: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const numbers = names.map(name => [name, row[name] === null ? null : Number(row[name])])
  return { ...row, ...Object.fromEntries(numbers) }
}
