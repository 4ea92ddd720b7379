import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import type { KafkaAdmin, KafkaRecord } from '../../../kafka/index.ts'
import type { KafkaClient, KafkaClientOptions } from '../../../kafka/types/client.ts'
import type { GroupConsumer, GroupConsumerOptions } from '../../../kafka/types/member.ts'
import type { OutgoingRecord, Sender, SendResult } from '../../../kafka/types/sender.ts'
import { eventually } from '../../support/stack.ts'

/** An implementation of the port, and a cluster of one broker to try it on. */
export interface KafkaUnderTest {
  readonly create: (options: KafkaClientOptions) => KafkaClient
  readonly brokers: readonly string[]
  /** Of all topics and groups that the suite makes; ends in a dot. */
  readonly prefix: string
}

/** A member that a test has started, and what it got, by partition. */
export interface StartedMember {
  readonly consumer: GroupConsumer
  readonly records: KafkaRecord[]
  readonly assignments: ReadonlyMap<string, readonly number[]>[]
}

export type KafkaFixture = ReturnType<typeof kafkaFixture>

export function kafkaFixture({ create, brokers, prefix }: KafkaUnderTest) {
  const client = create({ brokers, clientId: 'conformance' })
  let admin: KafkaAdmin
  let sender: Sender
  beforeAll(async () => {
    admin = await client.connectAdmin()
    sender = await client.connectSender()
  })
  afterAll(() => Promise.all([admin.close(), sender.close()]))

  let names = 0
  const newName = (): string => `${prefix}conformance.n${++names}`
  /** Of one partition and one record without a key: the offset, or the error. */
  const sendOne = async (topic: string, value: string | null, partition = 0): Promise<SendResult> => {
    const [result] = await sender.send([{ topic, partition, records: [textRecord(value)] }])
    if (!result) throw new Error('a batch has no result')
    return result
  }

  return {
    client,
    create,
    newName,
    sendOne,
    get admin(): KafkaAdmin {
      return admin
    },
    get sender(): Sender {
      return sender
    },

    /** A new topic with this many partitions, one replica of each. */
    async newTopic(partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<string> {
      const topic = newName()
      await admin.createTopics([{ topic, partitions, replicationFactor: 1, config }])
      return topic
    },

    /** One after the other; what was not sent and can be tried again is. */
    async sendAll(topic: string, values: readonly string[], partition = 0): Promise<void> {
      for (const value of values)
        await eventually(
          async () => {
            const result = await sendOne(topic, value, partition)
            if (!('error' in result)) return true
            if (result.error.retryable && !result.error.sent) return false
            throw result.error
          },
          { what: `${topic} takes a record` }
        )
    },

    /** A started member that takes everything and commits it; stopped when the test ends. */
    start(topic: string, options: Partial<GroupConsumerOptions> = {}): StartedMember {
      const records: KafkaRecord[] = []
      const assignments: ReadonlyMap<string, readonly number[]>[] = []
      const consumer = client.groupConsumer({
        group: `${topic}.group`,
        topics: async () => [topic],
        topicRefreshMs: 300,
        sessionTimeoutMs: 6_000,
        maxWaitMs: 100,
        log: silentLogger,
        onAssigned: assignment => assignments.push(assignment),
        onBatch: async (batch, control) => {
          records.push(...batch.records)
          await consumer.commit([{ topic, partition: batch.partition, offset: batch.lastOffset + 1 }])
          control.resolve(batch.lastOffset)
        },
        ...options
      })
      onTestFinished(() => consumer.stop())
      consumer.start()
      return { consumer, records, assignments }
    },

    async assigned({ assignments }: Pick<StartedMember, 'assignments'>, topic: string, partitions: readonly number[]) {
      await eventually(() => String(assignments.at(-1)?.get(topic)?.toSorted()) === String(partitions), {
        what: `partitions ${partitions} are assigned`
      })
    },

    async committed(topic: string, offsets: Readonly<Record<number, number>>): Promise<void> {
      await eventually(
        async () => {
          const found = (await admin.groupOffsets(`${topic}.group`)).get(topic) ?? new Map<number, number>()
          return Object.entries(offsets).every(([partition, offset]) => found.get(Number(partition)) === offset)
        },
        { what: `the group has committed ${JSON.stringify(offsets)}` }
      )
    }
  }
}

export const textRecord = (value: string | null): OutgoingRecord => ({
  key: null,
  value: value === null ? null : Buffer.from(value)
})

export const textsOf = (records: readonly KafkaRecord[]): string[] => records.map(({ value }) => String(value))
