import type { PlannedLetter } from '../../../consumers/index.ts'
import type { Pool, Queries } from '../../../postgres/index.ts'
import type { RedrivePlace } from '../plan.ts'
import type { LetterLog, LetterState } from './letters.ts'

/** A letter with where it was sent. */
export interface SentLetter {
  readonly letter: Pick<PlannedLetter, 'offset' | 'copies'>
  readonly place: RedrivePlace
}

/** Notes that letters, and earlier letters of the same messages, were sent. */
export async function addRedriven(
  pool: Pool,
  log: LetterLog,
  { action, redriveTopicId }: { readonly action: number; readonly redriveTopicId: string },
  sent: readonly SentLetter[]
): Promise<void> {
  const rows = sent.flatMap(({ letter, place }) =>
    [letter.offset, ...letter.copies].map(letterOffset => ({ letterOffset, ...place }))
  )
  await pool.query(
    `INSERT INTO dead_letter_states (consumer_group, topic_id, kafka_offset, state, action, redrive_topic_id,
       redrive_partition, redrive_offset)
     SELECT $1, $2, letter, 'redriven', $3, $4, partition, place
     FROM unnest($5::bigint[], $6::int[], $7::bigint[]) AS sent(letter, partition, place)`,
    [
      log.groupId,
      log.topicId,
      action,
      redriveTopicId,
      rows.map(({ letterOffset }) => letterOffset),
      rows.map(({ partition }) => partition),
      rows.map(({ offset }) => offset)
    ]
  )
}

/** Gives up the letters that are still open. @returns how many those were */
export async function addDiscarded(
  client: Queries,
  log: LetterLog,
  action: number,
  offsets: readonly number[]
): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO dead_letter_states (consumer_group, topic_id, kafka_offset, state, action)
     SELECT consumer_group, topic_id, kafka_offset, 'discarded', $3 FROM dead_letter_list
     WHERE consumer_group = $1 AND topic_id = $2 AND kafka_offset = ANY($4::bigint[]) AND state = 'open'`,
    [log.groupId, log.topicId, action, offsets]
  )
  return rowCount ?? 0
}

/** Where letters that an action has sent are in the redrive topic, by the offset of the letter. */
export async function redrivenBy(pool: Pool, log: LetterLog, action: number): Promise<Map<number, RedrivePlace>> {
  const { rows } = await pool.query<{ letter: string; partition: number; place: string }>(
    `SELECT kafka_offset AS letter, redrive_partition AS partition, redrive_offset AS place FROM dead_letter_states
     WHERE consumer_group = $1 AND topic_id = $2 AND action = $3 AND state = 'redriven'`,
    [log.groupId, log.topicId, action]
  )
  return new Map(
    rows.map(({ letter, partition, place }) => [Number(letter), { partition, offset: Number(place) }] as const)
  )
}

const coordinates = (letters: readonly Pick<PlannedLetter, 'source'>[]): unknown[] => [
  letters.map(({ source }) => source.topic),
  letters.map(({ source }) => source.partition),
  letters.map(({ source }) => source.offset)
]

/** How many of these messages another letter brought to an end: it was redriven, and handled. */
export async function handledMessages(
  pool: Pool,
  log: LetterLog,
  letters: readonly Pick<PlannedLetter, 'source' | 'aggregate'>[]
): Promise<number> {
  const { rows } = await pool.query<{ handled: string }>(
    `SELECT count(*) AS handled FROM unnest($3::text[], $4::int[], $5::bigint[], $6::text[])
       AS given(topic, partition, source_offset, aggregate)
     WHERE EXISTS (
       SELECT FROM dead_letter_list l WHERE l.consumer_group = $1 AND l.topic_id = $2 AND l.state = 'handled'
         AND (l.topic, l.partition, l.source_offset) = (given.topic, given.partition, given.source_offset)
         AND coalesce(encode(l.aggregate, 'hex'), '') = given.aggregate)`,
    [log.groupId, log.topicId, ...coordinates(letters), letters.map(({ aggregate }) => aggregate)]
  )
  return Number(rows[0]?.handled ?? 0)
}

/** Where the messages of all letters of these aggregates are, as `topic/partition@offset`. */
export async function sourcesOf(
  pool: Pool,
  log: LetterLog,
  letters: readonly Pick<PlannedLetter, 'source' | 'aggregate'>[]
): Promise<Set<string>> {
  const { rows } = await pool.query<{ place: string }>(
    `SELECT DISTINCT topic || '/' || partition || '@' || source_offset AS place FROM dead_letters
     WHERE consumer_group = $1 AND topic_id = $2 AND coalesce(encode(aggregate, 'hex'), '') = ANY($3::text[])`,
    [log.groupId, log.topicId, [...new Set(letters.map(({ aggregate }) => aggregate))]]
  )
  return new Set(rows.map(({ place }) => place))
}

/** A parked aggregate of which no letter is open or on its way. */
export interface DrainedAggregate {
  readonly topic: string
  readonly partition: number
  /** Digest of its key in hexadecimal digits. */
  readonly aggregate: string
  /** The source offset of its last letter. */
  readonly through: number
  /** Of that letter. */
  readonly offset: number
  readonly bytes: number
}

/** Parked aggregates that these letters are of, and that have no letter left which anyone waits for. */
export async function drainedBy(pool: Pool, log: LetterLog, offsets: readonly number[]): Promise<DrainedAggregate[]> {
  const { rows } = await pool.query<DrainedRow>(
    `WITH touched AS (
       SELECT DISTINCT topic, partition, aggregate FROM dead_letters
       WHERE consumer_group = $1 AND topic_id = $2 AND kafka_offset = ANY($3::bigint[]) AND policy = 'park'
         AND aggregate IS NOT NULL
     )
     SELECT DISTINCT ON (topic, partition, aggregate) topic, partition, encode(aggregate, 'hex') AS digest,
       source_offset AS through, kafka_offset AS "offset"
     FROM touched JOIN dead_letter_list l USING (topic, partition, aggregate)
     WHERE consumer_group = $1 AND topic_id = $2 AND NOT EXISTS (
       SELECT FROM dead_letter_list other
       WHERE other.consumer_group = $1 AND other.topic_id = $2 AND other.topic = l.topic
         AND other.partition = l.partition AND other.aggregate = l.aggregate AND other.state IN ('open', 'redriven'))
     ORDER BY topic, partition, aggregate, source_offset DESC, kafka_offset DESC`,
    [log.groupId, log.topicId, offsets]
  )
  return rows.map(({ topic, partition, digest, through, offset }) => ({
    topic,
    partition,
    aggregate: digest,
    through: Number(through),
    offset: Number(offset),
    bytes: 0
  }))
}

interface DrainedRow {
  readonly topic: string
  readonly partition: number
  readonly digest: string
  readonly through: string
  readonly offset: string
}

/** How many letters of an action are in each state; earlier letters of the same message are not counted again. */
export async function statesOf(pool: Pool, log: LetterLog, action: number): Promise<Record<LetterState, number>> {
  const { rows } = await pool.query<{ state: LetterState; letters: string }>(
    `SELECT state, count(DISTINCT coalesce(redrive_partition || '/' || redrive_offset, kafka_offset::text)) AS letters
     FROM dead_letter_list WHERE consumer_group = $1 AND topic_id = $2 AND action = $3 GROUP BY state`,
    [log.groupId, log.topicId, action]
  )
  const counts = { open: 0, redriven: 0, handled: 0, 'dead again': 0, discarded: 0 }
  for (const { state, letters } of rows) counts[state] = Number(letters)
  return counts
}
