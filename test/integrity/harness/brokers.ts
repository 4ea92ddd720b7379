import { afterAll } from 'vitest'
import type { RestartableServer, Stack } from '../../../dev/stack/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { eventually } from '../../support/stack.ts'

/** Kafka's own topic of the groups' offsets: the leader of its one partition coordinates all groups. */
export const coordinatorTopic = '__consumer_offsets'

/** Who leads in a cluster of three, and whether all are in step. */
export async function watchBrokers(stack: Stack) {
  const { kafka } = createKafkaClient({ brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'test' })
  const admin = kafka.admin()
  await admin.connect()
  afterAll(() => admin.disconnect())
  const partitionsOf = async (topic: string) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions ?? []
  }
  return {
    /** The broker that leads a partition now. */
    leaderOf: (topic: string, partition = 0): Promise<RestartableServer> =>
      eventually(
        async () => {
          const found = (await partitionsOf(topic)).find(({ partitionId }) => partitionId === partition)
          // Node 1 is the first broker.
          return found && stack.brokers[found.leader - 1]
        },
        { what: `partition ${partition} of ${topic} has a leader` }
      ),
    /** Waits until all replicas of these topics are in sync again. */
    inSync: (topics: readonly string[]) =>
      eventually(
        async () => {
          const partitions = (await Promise.all(topics.map(partitionsOf))).flat()
          return partitions.every(({ isr }) => isr.length === stack.brokers.length)
        },
        { what: 'all replicas are in sync', timeoutMs: 90_000 }
      )
  }
}
