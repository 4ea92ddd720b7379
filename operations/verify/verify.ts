import { counted } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import {
  acceptGapCommand,
  forgottenTopics,
  listLedgerFaults,
  sumAcceptedGaps,
  sumBooks,
  sumQuarantine,
  TrailError,
  topicsByGroup,
  unknownGroup
} from '../../trail/index.ts'
import { type Standing, standings } from '../standing.ts'
import { verifyRows } from './rows.ts'
import type { VerifyFinding, VerifyParts } from './types.ts'

/**
 * Answers "did we lose anything?": Kafka's ends against the trail's positions, the ledger against the rows, and the
 * other books. Reads only; Postgres does the counting, one event name after the other.
 * @throws TrailError `REQUEST_INVALID` for a group or a topic that the trail does not know; KafkaError, a database error
 */
export async function* verify(parts: VerifyParts): AsyncGenerator<VerifyFinding> {
  const topics = await topicsOfTrail(parts)
  parts.onProgress(`comparing ${counted(topics.length, 'topic')} in Kafka with the positions of group ${parts.group}`)
  yield* verifyLogs(parts, topics)
  parts.onProgress('comparing the books')
  yield* verifyBooks(parts, topics)
  yield* verifyRows(parts, topics)
}

async function topicsOfTrail({ pool, group, topicPrefix, topics }: VerifyParts): Promise<string[]> {
  await requireKnownGroup(pool, group, topicPrefix)
  const { rows } = await pool.query<{ topic: string }>(
    `SELECT topic FROM sink_offsets WHERE consumer_group = $1
     UNION SELECT topic FROM sink_topics WHERE starts_with(topic, $2) ORDER BY topic`,
    [group, topicPrefix]
  )
  const known = rows.map(({ topic }) => topic)
  const unknown = topics?.find(topic => !known.includes(topic))
  if (unknown !== undefined)
    throw new TrailError(
      'REQUEST_INVALID',
      `The trail knows no topic ${unknown} in group ${group}: give the whole name, with its prefix. It knows ${known.join(', ') || 'none'}`
    )
  return topics ? [...topics] : known
}

/** A group or a prefix that is spelt wrongly must not look like a trail that misses nothing, or everything. */
async function requireKnownGroup(pool: Pool, group: string, topicPrefix: string): Promise<void> {
  // The in-process bus has no groups, and a trail that no sink has begun yet has none either.
  const groups = [...(await topicsByGroup(pool, '')).keys()]
  if (groups.length === 0) return
  const known = groups.filter(name => name.startsWith(topicPrefix))
  const words = unknownGroup(group, known, topicPrefix)
  if (words !== undefined) throw new TrailError('REQUEST_INVALID', words)
}

async function* verifyLogs(parts: VerifyParts, topics: readonly string[]): AsyncGenerator<VerifyFinding> {
  const forgotten = await forgottenTopics(parts.pool, parts.group)
  const read = topics.filter(topic => !forgotten.has(topic))
  const { partitions, gone } = await standings(parts, parts.group, read)
  for (const standing of partitions) {
    const finding = faultOf(standing)
    if (finding) yield finding
  }
  const missing = [...new Set(gone.map(({ topic }) => topic))]
  if (missing.length > 0) {
    const words = `not in Kafka, or without a leader, so what it held cannot be checked: ${missing.join(', ')}`
    yield { check: 'kafka', level: 'notice', words, records: missing.length }
  }
  const waiting = partitions.reduce((sum, each) => sum + each.waiting, 0)
  yield waiting === 0
    ? {
        check: 'kafka',
        level: 'ok',
        words: `the trail has reached the end of ${counted(partitions.length, 'partition')}`,
        records: 0
      }
    : {
        check: 'kafka',
        level: 'notice',
        words: `${counted(waiting, 'offset')} in Kafka ${waiting === 1 ? 'is' : 'are'} not stored yet: \`eventtrail doctor\` says whether a sink reads them`,
        records: waiting
      }
}

function faultOf({
  topic,
  partition,
  start,
  next = 0,
  removed,
  beyond,
  replaced
}: Standing): VerifyFinding | undefined {
  const facts = { check: 'kafka', level: 'wrong', topic, partition } as const
  const where = keyOf({ topic, partition })
  const remedy = '`eventtrail doctor` gives the command that resumes it'
  if (replaced) {
    // How far the old log went cannot be asked any more.
    const lost = `what the old topic held after offset ${next}, if anything, was not read`
    return { ...facts, words: `${where} was deleted and recreated: ${lost}. ${remedy}` }
  }
  if (removed > 0) {
    const words = `${where}: Kafka removed ${counted(removed, 'offset')} unread (${next} to ${start - 1}), and no sink has noticed yet. A sink that reads on books them as a gap, for \`eventtrail sink accept-gap\``
    return { ...facts, words, records: removed, firstOffset: next, lastOffset: start - 1 }
  }
  if (beyond > 0)
    return {
      ...facts,
      words: `${where} ends ${counted(beyond, 'offset')} before the trail's position ${next}. ${remedy}`,
      records: beyond
    }
  return undefined
}

/** Partitions whose faults are named one by one; the rest is a count. */
const most = 1_000

async function* verifyBooks(
  { pool, group, topicPrefix }: VerifyParts,
  topics: readonly string[]
): AsyncGenerator<VerifyFinding> {
  const ours = { group, topics }
  const faults = await listLedgerFaults(pool, { group, topics, limit: most + 1 })
  for (const { what, topic, partition, firstOffset: first, lastOffset: last, records } of faults.slice(0, most)) {
    const range = first === null || last === null ? '' : `, ${first} to ${last}`
    const isGap = what.startsWith('removed')
    const remedy = isGap ? `. Once you know why, \`${acceptGapCommand({ group, topic, partition }, topicPrefix)}\`` : ''
    yield {
      check: isGap ? 'gaps' : 'books',
      level: 'wrong',
      words: `${keyOf({ topic, partition })}: ${records} ${what}${range}${remedy}`,
      topic,
      partition,
      records,
      ...(first !== null && last !== null && { firstOffset: first, lastOffset: last })
    }
  }
  if (faults.length > most)
    yield { check: 'books', level: 'wrong', words: 'and more of that kind: SELECT * FROM sink_ledger_faults' }
  const accepted = await sumAcceptedGaps(pool, ours)
  const quarantine = await sumQuarantine(pool, ours)
  const [held, discarded] = (['held', 'discarded'] as const).map(status =>
    quarantine.reduce((sum, each) => sum + (each.status === status ? each.records : 0), 0)
  ) as [number, number]
  const books = await sumBooks(pool, ours)
  if (accepted.gaps > 0)
    yield {
      check: 'gaps',
      level: 'notice',
      words: `${accepted.offsets} offsets in ${accepted.gaps} gaps that were accepted: SELECT * FROM sink_gaps`,
      records: accepted.offsets
    }
  yield held + discarded === 0
    ? { check: 'quarantine', level: 'ok', words: 'nothing in quarantine', records: 0 }
    : {
        check: 'quarantine',
        level: 'notice',
        words: `${held} held and ${discarded} discarded records are not rows: \`eventtrail quarantine list --status all\``,
        records: held + discarded
      }
  yield {
    check: 'duplicates',
    level: 'ok',
    words: `${counted(books.duplicates, 'record')} repeated an event that is stored`,
    records: books.duplicates
  }
  if (books.skipped > 0)
    yield {
      check: 'skipped',
      level: 'notice',
      words: `${counted(books.skipped, 'offset')} held no event: transaction markers, aborted transactions, or events that compaction removed unread. \`eventtrail doctor\` says whether a topic is compacted`,
      records: books.skipped
    }
  if (books.resets > 0)
    yield {
      check: 'resets',
      level: 'notice',
      words: `${counted(books.resets, 'reset')}, which passed over ${counted(books.passed, 'offset')}: SELECT * FROM sink_resets`,
      records: books.passed
    }
}
