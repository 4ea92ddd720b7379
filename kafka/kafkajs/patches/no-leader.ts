import { createRequire } from 'node:module'

/** What a broker knows of topics, as kafkajs decodes it. */
export interface MetadataAnswer {
  /** The broker that takes requests for the controller; -1 where none is there. */
  readonly controllerId?: number
  /** Undefined where the question is one of ours, which kafkajs does not decode. */
  readonly topicMetadata?: readonly {
    readonly partitionMetadata: readonly { readonly partitionErrorCode: number }[]
  }[]
}

/** LEADER_NOT_AVAILABLE in Kafka's protocol guide, "Error Codes". */
const leaderNotAvailable = 5

/**
 * kafkajs fails each look at the metadata while one partition of one topic has no leader, and with it everything that
 * is sent to or read from all others. Such a partition keeps its leader of -1, which nobody asks for anything.
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
let allowed = false

/**
 * Lets a consumer join while a partition of its own has no leader. kafkajs asks the leader where to begin, if nothing
 * was committed yet; without one it begins at 0, and finds out where the log begins once it can be read. Who else asks
 * for offsets gets those of the partitions that have a leader.
 */
export function joinWithoutLeaders(): void {
  if (allowed) return
  allowed = true
  const require = createRequire(import.meta.url)
  const { prototype: manager } = require('kafkajs/src/consumer/offsetManager') as { prototype: OffsetManager }
  const { resolveOffsets } = manager
  manager.resolveOffsets = function (this: OffsetManager) {
    ofConsumers.add(this.cluster)
    return resolveOffsets.call(this)
  }
  const { prototype: cluster } = require('kafkajs/src/cluster') as { prototype: Cluster }
  const { fetchTopicsOffset } = cluster
  cluster.fetchTopicsOffset = async function (this: Cluster, topics) {
    const leaderless = new Map<string, ReadonlySet<number>>()
    for (const { topic } of topics) {
      const without = this.findTopicPartitionMetadata(topic).filter(({ leader }) => leader < 0)
      if (without.length > 0) leaderless.set(topic, new Set(without.map(({ partitionId }) => partitionId)))
    }
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
}
