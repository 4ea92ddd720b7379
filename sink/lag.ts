import type { LogEnds } from '../kafka/index.ts'
import { keyOf, type TopicPartition, topicsOf } from '../kafka/index.ts'
import { type HaltReason, type PartitionLog, type StoredPosition, startPointOf } from '../trail/index.ts'
import type { StartPointSources } from './intake/index.ts'

export interface LagSources extends Pick<StartPointSources, 'trail' | 'topicIds'> {
  /** The ends of the logs of topics. @throws KafkaError */
  readonly logEnds: (topics: readonly string[]) => Promise<readonly LogEnds[]>
}

/** The log of a partition, and how many of its offsets are not in the trail. */
export interface PartitionLag extends LogEnds {
  readonly lag: number
}

/** @throws KafkaError, a database error */
export async function readLag(
  { trail, logEnds, topicIds }: LagSources,
  partitions: readonly TopicPartition[]
): Promise<PartitionLag[]> {
  if (partitions.length === 0) return []
  // The trail first: what is stored in between must not look like a log that ends before it.
  const stored = await trail.read(partitions)
  const ends = await logEnds(topicsOf(partitions))
  const logs = new Map(ends.map(log => [keyOf(log), log]))
  // Behind the logs, so that none of a topic made anew in between passes for the old one.
  const ids = await topicIds(topicsOf(partitions))
  return partitions.flatMap(({ topic, partition }) => {
    const key = keyOf({ topic, partition })
    const log = logs.get(key)
    if (!log) return []
    return [{ ...log, lag: lagOf(stored.get(key), { ...log, topicId: ids.get(topic) }) }]
  })
}

/**
 * The offsets that are in Kafka and not in the trail, those that wait behind an open transaction too. Of a log that was
 * replaced or cut back it is all that it holds: the trail's position is one in another log and says nothing of this
 * one, whose records wait for an operator.
 * Offsets that retention took are in Kafka no more and do not count.
 */
export function lagOf(stored: StoredPosition | undefined, log: PartitionLog & Pick<LogEnds, 'highWatermark'>): number {
  if (stored === undefined || isAnother(stored, log)) return log.highWatermark - log.start
  // One that ends before the position is cut back, or led by a broker that has just begun to: the sink finds out which.
  return Math.max(0, log.highWatermark - Math.max(stored.nextOffset, log.start))
}

const ofAnotherLog: ReadonlySet<string | undefined> = new Set<HaltReason>(['LOG_CUT_BACK', 'LOG_REPLACED'])

function isAnother(stored: StoredPosition, log: PartitionLog): boolean {
  if (ofAnotherLog.has(stored.halted)) return true
  const placement = startPointOf(stored, log)
  return placement.kind === 'halt' && placement.reason === 'LOG_REPLACED'
}
