import type { Admin } from 'kafkajs'
import { retry } from '../../core/index.ts'
import { KafkaError } from '../errors.ts'
import { type Operation, operationsOf, type Right } from '../rights.ts'
import type { CommittedOffset, KafkaAdmin, TopicSpec } from '../types/index.ts'
import { adminWithCluster } from './cluster.ts'
import { toKafkaError } from './errors.ts'
import { describeGroup } from './groups.ts'
import { disconnect } from './incarnation.ts'
import { heldBack, logEnds } from './log/index.ts'
import { clusterMetadata, type TopicMetadata, topicIds, topicMetadata } from './metadata.ts'
import type { KafkajsParts } from './types.ts'

/** "Topic" in Kafka's ConfigResource. */
const topicResource = 2

export async function connectAdmin(client: KafkajsParts): Promise<KafkaAdmin> {
  const { admin, cluster } = adminWithCluster(client.kafka)
  const close = () => disconnect(admin)
  try {
    await admin.connect()
  } catch (error) {
    await close()
    throw await client.explaining.explain(error, `connecting to ${client.brokers.join(', ')}`)
  }
  const ask = async <T>(doing: string, question: (admin: Admin) => Promise<T>, asked?: Right): Promise<T> => {
    try {
      const answer = await question(admin)
      client.explaining.answered()
      return answer
    } catch (error) {
      throw await client.explaining.explain(error, doing, asked && [asked])
    }
  }
  const { principal } = client
  const onTopic = (operation: Operation, name?: string): Right => ({ operation, resource: 'topic', name, principal })
  const onGroup = (operation: Operation, name: string): Right => ({ operation, resource: 'group', name, principal })
  const exists = async (topic: string): Promise<boolean> => {
    const [found] = await ask(`looking for topic ${topic}`, () => topicMetadata(cluster, [topic]))
    return found?.error === 0
  }
  const committed = async (group: string): Promise<Map<string, Map<number, CommittedOffset>>> => {
    const doing = `reading the offsets of group ${group}`
    const topics = await ask(doing, () => admin.fetchOffsets({ groupId: group }), onGroup('DESCRIBE', group))
    return new Map(
      topics.map(({ topic, partitions }) => [
        topic,
        new Map(
          partitions
            .filter(({ offset }) => Number(offset) >= 0)
            .map(({ partition, offset, metadata }) => [
              partition,
              { offset: Number(offset), ...(metadata && { metadata }) }
            ])
        )
      ])
    )
  }
  return {
    async topics() {
      const topics = await ask('listing topics', () => topicMetadata(cluster, 'all'))
      return new Map(topics.filter(isPublic).map(({ name, partitions }) => [name, partitions.length]))
    },

    async allTopicIds() {
      const topics = await ask('listing topics', () => topicMetadata(cluster, 'all'))
      return new Map(topics.filter(isPublic).map(({ name, id }) => [name, id]))
    },

    async createTopics(specs) {
      const made: string[] = []
      for (const { topic, partitions, replicationFactor, config } of specs) {
        const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
        const entry = { topic, numPartitions: partitions, replicationFactor, configEntries }
        const isNew = await ask(
          `creating topic ${topic}`,
          () => admin.createTopics({ waitForLeaders: false, topics: [entry] }),
          onTopic('CREATE', topic)
        ).catch(async (error: KafkaError) => {
          // Kafka asks for the right to create a topic before it looks whether there is one.
          if (error.code === 'NOT_AUTHORIZED' && (await exists(topic))) return false
          throw error
        })
        if (isNew) made.push(topic)
      }
      if (made.length > 0)
        await untilLed(
          client,
          specs.filter(({ topic }) => made.includes(topic)),
          topic => onTopic('DESCRIBE', topic)
        )
      return made
    },

    addPartitions: (topic, count) =>
      ask(
        `adding partitions to ${topic}`,
        async () => {
          await admin.createPartitions({ topicPartitions: [{ topic, count }] })
        },
        onTopic('ALTER', topic)
      ),

    deleteTopics: topics =>
      ask(
        'deleting topics',
        () => admin.deleteTopics({ topics: [...topics] }),
        onTopic('DELETE', topics.length === 1 ? topics[0] : undefined)
      ),

    async ranges(topic) {
      const doing = `reading the offsets of ${topic}`
      const offsets = await ask(doing, () => admin.fetchTopicOffsets(topic), onTopic('DESCRIBE', topic))
      return offsets
        .map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }))
        .sort((a, b) => a.partition - b.partition)
    },

    logEnds: topics => ask('reading the ends of the logs', () => logEnds(cluster, topics)),

    heldBack: ends => ask('looking for open transactions', () => heldBack(cluster, ends)),

    topicIds: topics => ask('reading the ids of topics', () => topicIds(cluster, topics)),

    async hiddenTopics(topics) {
      const found = await ask('asking for topics by their names', () => topicMetadata(cluster, topics))
      return found.flatMap(({ name, error }) => (error === topicAuthorizationFailed ? [name] : []))
    },

    async operations(topics) {
      const found = await ask('asking for rights on topics', () =>
        topicMetadata(cluster, topics, { withOperations: true })
      )
      return new Map(
        found.flatMap(({ name, error, operations }) => {
          const allowed = error === 0 && operations !== undefined ? operationsOf(operations) : undefined
          return allowed ? [[name, allowed] as const] : []
        })
      )
    },

    async groupOffsets(group) {
      const commits = await committed(group)
      return new Map(
        [...commits].map(([topic, each]) => [
          topic,
          new Map([...each].map(([partition, { offset }]) => [partition, offset]))
        ])
      )
    },

    groupCommits: group => committed(group),

    async ping() {
      await ask('asking for the brokers', () => clusterMetadata(cluster, []))
    },

    async describeTopics(topics) {
      const found = await ask('describing topics', () => topicMetadata(cluster, topics))
      return found
        .filter(({ partitions }) => partitions.length > 0)
        .map(({ name, partitions }) => ({ topic: name, partitions }))
    },

    async brokers() {
      return (await ask('asking for the brokers', () => clusterMetadata(cluster, []))).brokers
    },

    async topicConfigs(topics, configNames) {
      if (topics.length === 0) return new Map()
      const resources = topics.map(name => ({ type: topicResource, name, configNames }))
      // Every broker knows them; kafkajs's own question fails while no broker leads some partition.
      const answer = await ask(
        'reading the settings of topics',
        async () =>
          (await cluster.brokerPool.findConnectedBroker()).describeConfigs({ includeSynonyms: false, resources }),
        onTopic('DESCRIBE_CONFIGS', topics.length === 1 ? topics[0] : undefined)
      )
      return new Map(
        answer.resources.map(({ resourceName, configEntries }) => [
          resourceName,
          new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))
        ])
      )
    },

    describeGroup: group => describeGroup(admin, group, onGroup('DESCRIBE', group)),

    async groups() {
      const { groups } = await ask('listing groups', () => admin.listGroups())
      return groups.map(({ groupId: group, protocolType }) => ({ group, protocolType }))
    },

    async groupMembers(group) {
      const { members } = await describeGroup(admin, group, onGroup('DESCRIBE', group))
      return members.length
    },

    close,
    [Symbol.asyncDispose]: close
  }
}

const isPublic = ({ name, partitions }: TopicMetadata): boolean => !name.startsWith('__') && partitions.length > 0

/** Kafka's protocol guide, "Error Codes". */
const topicAuthorizationFailed = 29

/**
 * A broker names itself the leader of a new partition before it acts as one, and only the leader answers for the
 * offsets. kafkajs's own wait looks at the names, and fails when a broker does not know the topic yet. Asked over a
 * connection of its own: kafkajs's never forgets a topic that it was asked about, and fails once that is deleted.
 */
async function untilLed(
  client: KafkajsParts,
  specs: readonly TopicSpec[],
  rightOn: (topic: string) => Right
): Promise<void> {
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    for (const { topic, partitions } of specs) {
      const look = async (): Promise<void> => {
        try {
          const { length: led } = await admin.fetchTopicOffsets(topic)
          if (led < partitions)
            throw new KafkaError('KAFKA_UNAVAILABLE', `${led} of ${partitions} partitions of ${topic} have a leader`)
        } catch (error) {
          throw toKafkaError(error, 'waiting for leaders', [rightOn(topic)])
        }
      }
      const retryable = (error: unknown) => !(error instanceof KafkaError && error.code === 'NOT_AUTHORIZED')
      await retry(look, { initialMs: 20, maxMs: 500, deadlineMs: 20_000, retryable })
    }
  } catch (error) {
    throw toKafkaError(error, 'waiting for leaders')
  } finally {
    await disconnect(admin)
  }
}
