import { createRequire } from 'node:module'

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

let allowed = false

/**
 * kafkajs takes time by the square of the number of topics, on each join (a minute of it for 3,000, in which it sends
 * no heartbeat) and on each fetch. From now on by the number of topics.
 */
export function allowManyTopics(): void {
  if (allowed) return
  allowed = true
  const require = createRequire(import.meta.url)
  const { prototype: state } = require('kafkajs/src/consumer/subscriptionState') as { prototype: SubscriptionState }
  state.assign = function (this: SubscriptionState, topicPartitions = []) {
    const entries = topicPartitions.map(({ topic, partitions = [] }) => [topic, { topic, partitions }] as const)
    this.assignedPartitionsByTopic = Object.fromEntries(entries)
    // Right after this, kafkajs makes an object of the same list, for the offsets.
    gatherOnce(topicPartitions)
  }
  const { prototype: group } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup }
  const { assigned } = group
  // Asked for by nothing but the end of a join, which makes an object of it.
  group.assigned = function (this: ConsumerGroup) {
    return gatherOnce(assigned.call(this))
  }
  const { prototype: cluster } = require('kafkajs/src/cluster') as { prototype: Cluster }
  const { findTopicPartitionMetadata } = cluster
  cluster.findTopicPartitionMetadata = function (this: Cluster, topic) {
    const list = this.brokerPool.metadata?.topicMetadata
    // kafkajs's own says what is missing.
    if (!list) return findTopicPartitionMetadata.call(this, topic)
    return indexOf(list).get(topic)?.partitionMetadata ?? []
  }
  const { fetchTopicsOffset } = cluster
  cluster.fetchTopicsOffset = async function (this: Cluster, topics) {
    const found: object[] = []
    for (let at = 0; at < topics.length; at += topicsAtOnce)
      found.push(...(await fetchTopicsOffset.call(this, topics.slice(at, at + topicsAtOnce))))
    return found
  }
  const { prototype: pool } = require('kafkajs/src/cluster/brokerPool') as { prototype: BrokerPool }
  const { refreshMetadataIfNecessary } = pool
  pool.refreshMetadataIfNecessary = function (this: BrokerPool, topics) {
    const list = this.metadata?.topicMetadata
    if (!list) return refreshMetadataIfNecessary.call(this, topics)
    const known = indexOf(list)
    // What kafkajs asks of each topic is whether it is in the list.
    const every = () => !topics.some(topic => !known.has(topic))
    return refreshMetadataIfNecessary.call(this, Object.defineProperty([...topics], 'every', { value: every }))
  }
}
