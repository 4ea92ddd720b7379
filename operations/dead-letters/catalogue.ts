import { type KafkaAdmin, KafkaError, keyOf, type LogReader } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { inTransaction } from '../../trail/index.ts'
import { letterFactsOf } from './letter.ts'
import { type GroupName, groupTopics } from './names.ts'
import { addLetters, type LetterLog } from './store/index.ts'

/** What the catalogue is read with. */
export interface CatalogueParts {
  readonly pool: Pool
  readonly admin: KafkaAdmin
  readonly reader: LogReader
  /** Called while there are more new letters to read. */
  readonly onRead?: (progress: { readonly next: number; readonly end: number }) => void
}

/** A log of dead letters as it is now. */
export interface LetterTopic extends LetterLog {
  readonly topic: string
  /** The first offset that is still there. */
  readonly start: number
  readonly end: number
  /** The id of the redrive topic; undefined where the group has none. */
  readonly redriveTopicId: string | undefined
}

/**
 * Reads a group's dead letters on from where the catalogue is, to the end of their topic, and notes what became of those
 * that were redriven. May run in several processes at once.
 * @throws KafkaError `TOPIC_UNKNOWN` where the group has no dead-letter topic; `NOT_AUTHORIZED`
 */
export async function readCatalogue(parts: CatalogueParts, name: GroupName): Promise<LetterTopic> {
  const { admin } = parts
  const { groupId, deadLetters: topic, redrive } = groupTopics(name)
  // Before the letters: of what the group has passed by now, a new letter is in the topic already.
  const passed = (await admin.groupOffsets(groupId)).get(redrive) ?? new Map<number, number>()
  const topics = await admin.topics()
  if (!topics.has(topic)) throw noLetters(topic)
  const ids = await admin.topicIds([topic, redrive])
  const log = { groupId, topicId: ids.get(topic) ?? '' }
  const { start, end } = await readLetters(parts, log, topic)
  const redriveTopicId = topics.has(redrive) ? (ids.get(redrive) ?? '') : undefined
  await settle(parts.pool, groupId, redriveTopicId, passed)
  return { ...log, topic, start, end, redriveTopicId }
}

const noLetters = (topic: string): KafkaError =>
  new KafkaError(
    'TOPIC_UNKNOWN',
    `Kafka has no topic ${topic}: check --group and --prefix; a group makes it when it starts`
  )

/** Reads letters on to the end of their topic. */
export async function readLetters(
  { pool, reader, onRead }: CatalogueParts,
  log: LetterLog,
  topic: string
): Promise<{ readonly start: number; readonly end: number }> {
  const source = { topic, partition: 0 }
  const starts = await reader.offsetsAt([source], 'start')
  let start = starts.get(keyOf(source)) ?? 0
  for (let next = Math.max(start, await positionOf(pool, log)); ; ) {
    const page = await reader.page(source, next, { maxRecords: 2_000 })
    start = page.start
    await inTransaction(pool, async client => {
      await addLetters(client, log, page.records.map(letterFactsOf))
      await client.query(
        `INSERT INTO dead_letter_positions AS p (consumer_group, topic_id, next_offset, read_at) VALUES ($1, $2, $3, now())
         ON CONFLICT (consumer_group) DO UPDATE SET topic_id = $2, next_offset = $3, read_at = now()
         WHERE p.topic_id <> $2 OR p.next_offset < $3`,
        [log.groupId, log.topicId, page.next]
      )
    })
    if (page.next >= page.end || page.next === next) return { start, end: page.end }
    onRead?.(page)
    next = page.next
  }
}

async function positionOf(pool: Pool, { groupId, topicId }: LetterLog): Promise<number> {
  const { rows } = await pool.query<{ next: string }>(
    'SELECT next_offset AS next FROM dead_letter_positions WHERE consumer_group = $1 AND topic_id = $2',
    [groupId, topicId]
  )
  return Number(rows[0]?.next ?? 0)
}

/**
 * Notes what became of letters that were redriven: *handled* once the group has passed them, *dead again* where there is
 * a new letter of them, *open* again where the redrive topic was deleted before.
 * @param passed the offsets that the group had committed before the letters were read, by partition
 * @param action only the letters of this action. Default: all of the group
 */
export async function settle(
  pool: Pool,
  groupId: string,
  redriveTopicId: string | undefined,
  passed: ReadonlyMap<number, number>,
  action?: number
): Promise<void> {
  await pool.query(
    `WITH sent AS (
       SELECT * FROM (
         SELECT DISTINCT ON (topic_id, kafka_offset) * FROM dead_letter_states
         WHERE consumer_group = $1 AND ($5::bigint IS NULL OR action = $5)
         ORDER BY topic_id, kafka_offset, number DESC
       ) AS latest WHERE state = 'redriven'
     ), again AS (
       SELECT DISTINCT redrive_topic_id, redrive_partition, redrive_offset FROM sent
       JOIN dead_letters d ON d.consumer_group = $1 AND d.redriven_topic_id = sent.topic_id
         AND d.redriven_offset = sent.kafka_offset AND d.redrive_action = sent.action
     ), settled AS (
       SELECT sent.*, CASE
           WHEN again.redrive_offset IS NOT NULL THEN 'dead again'
           WHEN sent.redrive_topic_id IS DISTINCT FROM $2::text THEN 'open'
           WHEN sent.redrive_offset < passed.next THEN 'handled'
         END AS became
       FROM sent
       LEFT JOIN again USING (redrive_topic_id, redrive_partition, redrive_offset)
       LEFT JOIN unnest($3::int[], $4::bigint[]) AS passed(partition, next) ON passed.partition = sent.redrive_partition
     )
     INSERT INTO dead_letter_states (consumer_group, topic_id, kafka_offset, state, action, redrive_topic_id,
       redrive_partition, redrive_offset)
     SELECT consumer_group, topic_id, kafka_offset, became, action, redrive_topic_id, redrive_partition, redrive_offset
     FROM settled WHERE became IS NOT NULL`,
    [groupId, redriveTopicId ?? null, [...passed.keys()], [...passed.values()], action ?? null]
  )
}
