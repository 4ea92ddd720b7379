import brokerPoolModule from 'kafkajs/src/cluster/brokerPool.js'
import clusterModule from 'kafkajs/src/cluster/index.js'
import consumerGroupModule from 'kafkajs/src/consumer/consumerGroup.js'
import subscriptionStateModule from 'kafkajs/src/consumer/subscriptionState.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface TopicPartitions {
  readonly topic: string
  readonly partitions?: readonly number[]
}
interface SubscriptionState {
  assignedPartitionsByTopic: Record<string, { topic: string; partitions: readonly number[] }>
  assign(topicPartitions?: TopicPartitions[]): void
}
interface ConsumerGroup {
  assigned(): TopicPartitions[]
}
interface TopicMetadata {
  readonly topic: string
  readonly partitionMetadata: readonly object[]
}
interface Cluster {
  readonly brokerPool: Pick<BrokerPool, 'metadata'>
  findTopicPartitionMetadata(topic: string): readonly object[]
  fetchTopicsOffset(topics: readonly object[]): Promise<object[]>
}
interface BrokerPool {
  readonly metadata?: { readonly topicMetadata?: readonly TopicMetadata[] } | null
  refreshMetadataIfNecessary(topics: readonly string[]): Promise<void>
}
type Gathered = Record<string, unknown>

/**
 * Lets `reduce` take one pass over the list. kafkajs makes an object of a list by copying all that it has into a new
 * one for each item; here each step begins with nothing, and what the steps give is put together at the end. Only for
 * lists from which nothing else is made.
 */
export function gatherOnce<Item>(list: Item[]): Item[] {
  const reduce = (step: (before: Gathered, item: Item) => Gathered, initial: Gathered): Gathered => {
    const entries = Object.entries(initial)
    for (const item of list) entries.push(...Object.entries(step({}, item)))
    return Object.fromEntries(entries)
  }
  return Object.defineProperty(list, 'reduce', { value: reduce })
}

const indexes = new WeakMap<readonly TopicMetadata[], ReadonlyMap<string, TopicMetadata>>()

/** kafkajs has a new list after each look at the metadata, and changes none. */
function indexOf(list: readonly TopicMetadata[]): ReadonlyMap<string, TopicMetadata> {
  const known = indexes.get(list)
  if (known) return known
  // Of two with one name the first counts.
  const index = new Map(list.toReversed().map(each => [each.topic, each]))
  indexes.set(list, index)
  return index
}

/** kafkajs puts the answers to one question together by copying what it has for each topic: a hundred is soon done. */
const topicsAtOnce = 100

/** From a square of the number of topics to the number of topics. */
export const allowManyTopics: Patch = patch(
  {
    fixes:
      'kafkajs takes time by the square of the number of topics, on each join (a minute of it for 3,000 topics, in which it sends no heartbeat) and on each fetch.',
    issues: [819, 1605]
  },
  () => {
    assignAtOnce()
    findByName()
    askInPortions()
  }
)

function assignAtOnce(): void {
  const { prototype: state } = subscriptionStateModule as PrivateClass<SubscriptionState>
  state.assign = function (this: SubscriptionState, topicPartitions = []) {
    const entries = topicPartitions.map(({ topic, partitions = [] }) => [topic, { topic, partitions }] as const)
    this.assignedPartitionsByTopic = Object.fromEntries(entries)
    // Right after this, kafkajs makes an object of the same list, for the offsets.
    gatherOnce(topicPartitions)
  }
  const { prototype: group } = consumerGroupModule as PrivateClass<ConsumerGroup>
  // Only the end of a join asks for it, and makes an object of it.
  replace(
    group,
    'assigned',
    assigned =>
      function (this: ConsumerGroup) {
        return gatherOnce(assigned.call(this))
      }
  )
}

function findByName(): void {
  const { prototype: cluster } = clusterModule as PrivateClass<Cluster>
  replace(
    cluster,
    'findTopicPartitionMetadata',
    findTopicPartitionMetadata =>
      function (this: Cluster, topic) {
        const list = this.brokerPool.metadata?.topicMetadata
        // kafkajs's own function reports what is missing.
        if (!list) return findTopicPartitionMetadata.call(this, topic)
        return indexOf(list).get(topic)?.partitionMetadata ?? []
      }
  )
  const { prototype: pool } = brokerPoolModule as PrivateClass<BrokerPool>
  replace(
    pool,
    'refreshMetadataIfNecessary',
    refreshMetadataIfNecessary =>
      function (this: BrokerPool, topics) {
        const list = this.metadata?.topicMetadata
        if (!list) return refreshMetadataIfNecessary.call(this, topics)
        const known = indexOf(list)
        // What kafkajs asks of each topic is whether it is in the list.
        const every = () => !topics.some(topic => !known.has(topic))
        return refreshMetadataIfNecessary.call(this, Object.defineProperty([...topics], 'every', { value: every }))
      }
  )
}

function askInPortions(): void {
  const { prototype: cluster } = clusterModule as PrivateClass<Cluster>
  replace(
    cluster,
    'fetchTopicsOffset',
    fetchTopicsOffset =>
      async function (this: Cluster, topics) {
        const found: object[] = []
        for (let at = 0; at < topics.length; at += topicsAtOnce)
          found.push(...(await fetchTopicsOffset.call(this, topics.slice(at, at + topicsAtOnce))))
        return found
      }
  )
}
