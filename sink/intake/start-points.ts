import { mapConcurrently } from '../../core/index.ts'
import type { PartitionRange } from '../../kafka/index.ts'
import { KafkaError, keyOf, type TopicPartition, topicsOf } from '../../kafka/index.ts'
import type { TrailPositions } from '../../trail/index.ts'
import { type StartPoint, type StoredPosition, startPointOf } from '../../trail/index.ts'

export interface StartPointSources {
  readonly trail: TrailPositions
  /** The ranges of a topic's logs. @throws KafkaError */
  readonly ranges: (topic: string) => Promise<readonly PartitionRange[]>
  /** The ids of topics, where Kafka has them. @throws KafkaError */
  readonly topicIds: (topics: readonly string[]) => Promise<ReadonlyMap<string, string>>
}

/** What trail and log say of a partition together. */
export interface FoundPartition {
  readonly partition: TopicPartition
  readonly stored: StoredPosition
  readonly startPoint: StartPoint
  /** The id that the topic had before its log was looked at. */
  readonly topicId: string | undefined
}

const topicsAtOnce = 16

/**
 * Compares the positions of partitions with their logs; those that the trail does not know begin at
 * the start of their log. Partitions that Kafka does not have are left out.
 * @throws KafkaError, a database error: worth a retry
 */
export async function findStartPoints(
  { trail, ranges, topicIds }: StartPointSources,
  partitions: readonly TopicPartition[]
): Promise<FoundPartition[]> {
  // The trail first: what another sink stores meanwhile must not look as if the log were shorter.
  const stored = await trail.read(partitions)
  const ids = await topicIds(topicsOf(partitions))
  const fresh = partitions.filter(partition => !stored.has(keyOf(partition)))
  if (fresh.length > 0) {
    const logs = await logsOf(ranges, fresh)
    const opened = await trail.open(
      fresh.flatMap(({ topic, partition }) => {
        const start = logs.get(keyOf({ topic, partition }))?.start
        return start === undefined ? [] : [{ topic, partition, start, topicId: ids.get(topic) }]
      })
    )
    for (const [key, position] of opened) stored.set(key, position)
  }
  const logs = await logsOf(ranges, partitions)
  // Once more, after the logs: a topic that was recreated in between would pass for the old one, cut back.
  const idsNow = await topicIds(topicsOf(partitions))
  return partitions.flatMap(({ topic, partition }) => {
    const position = stored.get(keyOf({ topic, partition }))
    const log = logs.get(keyOf({ topic, partition }))
    if (!position || !log) return []
    const topicId = ids.get(topic)
    const startPoint = startPointOf(position, { ...log, topicId: idsNow.get(topic) ?? topicId })
    return [{ partition: { topic, partition }, stored: position, startPoint, topicId }]
  })
}

/** The logs of partitions, by key; those that Kafka does not have are left out. @throws KafkaError */
export async function logsOf(
  ranges: StartPointSources['ranges'],
  partitions: readonly TopicPartition[]
): Promise<ReadonlyMap<string, PartitionRange>> {
  const logs = await mapConcurrently(topicsOf(partitions), topicsAtOnce, async topic =>
    (await rangesOf(ranges, topic)).map(range => [keyOf({ topic, partition: range.partition }), range] as const)
  )
  return new Map(logs.flat())
}

// A topic that just vanished must not keep the others waiting.
async function rangesOf(ranges: StartPointSources['ranges'], topic: string): Promise<readonly PartitionRange[]> {
  try {
    return await ranges(topic)
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'TOPIC_UNKNOWN') return []
    throw error
  }
}
