import clusterModule from 'kafkajs/src/cluster/index.js'
import offsetManagerModule from 'kafkajs/src/consumer/offsetManager/index.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

/** What a broker knows of topics, as kafkajs decodes it. */
export interface MetadataAnswer {
  /** The broker that takes requests for the controller; -1 where none is there. */
  readonly controllerId?: number
  /** Undefined where the question is one of this adapter, which kafkajs does not decode. */
  readonly topicMetadata?: readonly {
    readonly partitionMetadata: readonly { readonly partitionErrorCode: number }[]
  }[]
}

/** LEADER_NOT_AVAILABLE in Kafka's protocol guide, "Error Codes". */
const leaderNotAvailable = 5

/**
 * kafkajs fails each look at the metadata while one partition of one topic has no leader, and with it everything that
 * is sent to or read from all others. Such a partition keeps its leader of -1, which is never asked for anything.
 * An answer without a controller is that of a cluster that has no broker for the moment: it is asked again, as before.
 */
export function toleratingNoLeader<T extends MetadataAnswer>(
  parse: (answer: T) => Promise<T>
): (answer: T) => Promise<T> {
  return answer => {
    const { topicMetadata, controllerId = 0 } = answer
    const isAffected = controllerId >= 0 && topicMetadata?.some(topic => topic.partitionMetadata.some(isLeaderless))
    if (!topicMetadata || !isAffected) return parse(answer)
    const tolerated = topicMetadata.map(topic => ({
      ...topic,
      partitionMetadata: topic.partitionMetadata.map(each =>
        isLeaderless(each) ? { ...each, partitionErrorCode: 0 } : each
      )
    }))
    return parse({ ...answer, topicMetadata: tolerated })
  }
}

const isLeaderless = ({ partitionErrorCode }: { readonly partitionErrorCode: number }): boolean =>
  partitionErrorCode === leaderNotAvailable

interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number }[]
}
interface Cluster {
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[]
  fetchTopicsOffset(topics: readonly TopicPartitions[]): Promise<TopicOffsets[]>
}
interface TopicOffsets {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
}
interface OffsetManager {
  readonly cluster: Cluster
  resolveOffsets(): Promise<void>
}

const ofConsumers = new WeakSet<Cluster>()
/**
 * A consumer joins while one of its partitions has no leader. kafkajs asks the leader where to begin if nothing was
 * committed yet; without a leader it begins at 0, and finds out where the log begins once it can be read. Others that ask
 * for offsets get those of the partitions that have a leader.
 */
export const joinWithoutLeaders: Patch = patch(
  {
    fixes:
      'One partition of one topic without a leader fails every look of kafkajs at the metadata, and with it all that is sent to or read from every other partition; a consumer cannot join while one of its partitions has no leader.',
    issues: [1520, 1769]
  },
  () => {
    const { prototype: manager } = offsetManagerModule as PrivateClass<OffsetManager>
    replace(
      manager,
      'resolveOffsets',
      resolveOffsets =>
        function (this: OffsetManager) {
          ofConsumers.add(this.cluster)
          return resolveOffsets.call(this)
        }
    )
    const { prototype: cluster } = clusterModule as PrivateClass<Cluster>
    replace(
      cluster,
      'fetchTopicsOffset',
      fetchTopicsOffset =>
        async function (this: Cluster, topics) {
          const leaderless = leaderlessOf(this, topics)
          if (leaderless.size === 0) return fetchTopicsOffset.call(this, topics)
          const led = topics.map(each => ({
            ...each,
            partitions: each.partitions.filter(({ partition }) => !leaderless.get(each.topic)?.has(partition))
          }))
          const found = await fetchTopicsOffset.call(this, led)
          const isConsumer = ofConsumers.has(this)
          const offsets = new Map(found.map(({ topic, partitions }) => [topic, partitions]))
          return topics.map(({ topic, partitions }) => ({
            topic,
            partitions: [
              ...(offsets.get(topic) ?? []),
              ...partitions
                .filter(({ partition }) => isConsumer && leaderless.get(topic)?.has(partition))
                .map(({ partition }) => ({ partition, offset: '0' }))
            ]
          }))
        }
    )
  }
)

/** The partitions without a leader, by topic. */
function leaderlessOf(cluster: Cluster, topics: readonly TopicPartitions[]): Map<string, ReadonlySet<number>> {
  const leaderless = new Map<string, ReadonlySet<number>>()
  for (const { topic } of topics) {
    const without = cluster.findTopicPartitionMetadata(topic).filter(({ leader }) => leader < 0)
    if (without.length > 0) leaderless.set(topic, new Set(without.map(({ partitionId }) => partitionId)))
  }
  return leaderless
}
