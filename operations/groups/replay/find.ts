import { KafkaError, keyOf, type LogReader } from '../../../kafka/index.ts'
import type { Pool } from '../../../postgres/index.ts'
import { countStored, eventsOfSeveralTopics, storedUpTo, unstoredSince } from '../../../trail/index.ts'
import { OperationsError } from '../../errors.ts'
import type { GroupLook, GroupSources } from '../kafka-side.ts'
import type { PartitionLook } from '../lag.ts'
import { isCutOff, type ReplayStep, rangesOf, replaySteps, requireSameLog, type Seam, safeTime } from './plan.ts'

/** What a replay does, as it would be done now. */
export interface ReplayPlan {
  /** As Postgres writes times: what the trail stores later is not part of it. */
  readonly until: string
  readonly since: Date
  readonly steps: readonly (ReplayStep & {
    /** Events that come from the trail. */
    readonly events: number
    /** Offsets that come again from Kafka, as far as the group has come. */
    readonly again: number
  })[]
  /** Of the events that come from the trail. */
  readonly aggregates: number
  /** Offsets of the hours since, as far as events come from the trail, that it has no row for. */
  readonly quarantined: number
  readonly lost: number
}

/** @throws OperationsError `REPLAY_INVALID`; KafkaError; PostgresError */
export async function planReplay(
  { reader, topicPrefix }: GroupSources,
  pool: Pool,
  look: GroupLook,
  { since, topic }: { readonly since: Date; readonly topic: string | undefined }
): Promise<ReplayPlan> {
  const looks = look.partitions.filter(
    each => each.topic !== `${look.group}.dead-letters-redrive` && (topic === undefined || each.topic === topic)
  )
  const until = await timeOf(pool)
  const offsets = await reader.offsetsAt(looks, since)
  const cutOff = looks.filter(each => isCutOff(each, offsets.get(keyOf(each)) ?? each.end))
  const seams = new Map<string, Seam>()
  for (const each of cutOff) seams.set(keyOf(each), { safe: await safeOffset(reader, each) })
  const topics = [...new Set(cutOff.map(each => each.topic))]
  const stored = await storedUpTo(pool, topics)
  const steps = replaySteps(looks, topicPrefix, offsets, seams, stored)
  requireSameLog(steps, stored, since)
  const ranges = rangesOf(steps)
  const mixed = await eventsOfSeveralTopics(pool, [...new Set(ranges.map(({ eventName }) => eventName))])
  if (mixed.length > 0)
    throw new OperationsError(
      'REPLAY_INVALID',
      `Topics of several prefixes write ${mixed.join(', ')} to this trail, and its rows do not say which one they came from: they cannot be replayed from here`
    )
  const { events, aggregates } = await countStored(pool, ranges, { since: since.toISOString(), until })
  const counts = new Map(ranges.map((range, index) => [`${range.eventName}/${range.partition}`, events[index] ?? 0]))
  return {
    since,
    until,
    aggregates,
    ...(await unstoredSince(pool, topics, since)),
    steps: steps.map(step => ({
      ...step,
      events: step.below > 0 ? (counts.get(`${step.eventName}/${step.partition}`) ?? 0) : 0,
      again: Math.max(0, (step.from ?? 0) - step.to)
    }))
  }
}

async function timeOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ now: string }>('SELECT clock_timestamp()::text AS now')
  return String(rows[0]?.now)
}

/** The end of a log that has nothing left. */
async function safeOffset(reader: LogReader, look: PartitionLook): Promise<number> {
  const { topic, partition, start, end } = look
  try {
    const { records } = await reader.page({ topic, partition }, start, { maxRecords: 1, maxBytes: 64 * 1024 })
    const [first] = records
    if (!first) return end
    return (await reader.offsetsAt([look], safeTime(first.timestamp, Date.now()))).get(keyOf(look)) ?? end
  } catch (error) {
    // Retention has moved on in this moment: the next plan sees where to.
    if (error instanceof KafkaError && error.code === 'OFFSET_OUT_OF_RANGE') return end
    throw error
  }
}
