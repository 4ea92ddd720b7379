import { logsOf, type PlacementOptions } from './placement.ts'
import { keyOf, type TopicPartition } from './types.ts'

export type LagSources = Pick<PlacementOptions, 'trail' | 'ranges'>

/** How many offsets of a partition are in Kafka and not in the trail. */
export interface LagReading extends TopicPartition {
  readonly lag: number
}

/** @throws KafkaError, a database error */
export async function readLag(
  { trail, ranges }: LagSources,
  partitions: readonly TopicPartition[]
): Promise<LagReading[]> {
  if (partitions.length === 0) return []
  // The trail first: what is stored in between must not look like a log that ends before it.
  const stored = await trail.read(partitions)
  const logs = await logsOf(ranges, partitions)
  return partitions.flatMap(({ topic, partition }) => {
    const key = keyOf({ topic, partition })
    const log = logs.get(key)
    return log ? [{ topic, partition, lag: Math.max(0, log.end - (stored.get(key)?.nextOffset ?? log.start)) }] : []
  })
}
