import type { LogEnds } from '../kafka/index.ts'
import { keyOf, type TopicPartition, topicsOf } from '../kafka/index.ts'
import { lagOf } from '../trail/index.ts'
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
  // After the logs, so that none of a topic recreated in between passes for the old one.
  const ids = await topicIds(topicsOf(partitions))
  return partitions.flatMap(({ topic, partition }) => {
    const key = keyOf({ topic, partition })
    const log = logs.get(key)
    if (!log) return []
    return [{ ...log, lag: lagOf(stored.get(key), { ...log, topicId: ids.get(topic) }) }]
  })
}
