import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, onTestFinished } from 'vitest'
import type { ConnectionOptions } from '../../../connection/index.ts'
import { type ConsumerGroup, type ConsumerGroupOptions, createConsumerGroup } from '../../../consumers/index.ts'
import { silentLogger } from '../../../core/logger.ts'
import { headersByName, type KafkaRecord, partitionFor } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import type { OutgoingRecord } from '../../../kafka/types/sender.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { createRegistry, encodeEnvelope } from '../../../schemas/index.ts'
import { eventually, type TestEnvironment, testEnvironment } from '../../support/stack.ts'

export interface SchoolEvent {
  readonly eventName: keyof Events
  readonly payload: object
  readonly aggregateId?: string
  readonly id?: string
  readonly occurredAt?: bigint
  readonly version?: number
  readonly headers?: OutgoingRecord['headers']
}

export const lesson = (title?: string, facts: Partial<SchoolEvent> = {}): SchoolEvent => ({
  eventName: 'lesson.published',
  version: title === undefined ? 1 : 2,
  payload: {
    lesson_id: facts.aggregateId ?? randomUUID(),
    instructor_id: randomUUID(),
    course_id: randomUUID(),
    ...(title !== undefined && { title })
  },
  ...facts
})

export const badge = (student: string, reason = 'Ten quizzes', facts: Partial<SchoolEvent> = {}): SchoolEvent => ({
  eventName: 'badge.awarded',
  payload: { badge_id: randomUUID(), awarded_to: student, reason },
  ...facts
})

export const quiz = (student: string, score = 87.3, facts: Partial<SchoolEvent> = {}): SchoolEvent => ({
  eventName: 'quiz.submitted',
  payload: { submission_id: randomUUID(), student_id: student, quiz_id: randomUUID(), score_raw: score },
  ...facts
})

/** The servers as a test file sees them; `enrol()` gives each test topics of its own. */
export async function testSchool() {
  return schoolOn(await testEnvironment())
}

/** The same on servers of the test's own. */
export async function schoolOn<
  Servers extends Pick<TestEnvironment, 'brokers' | 'registryUrl' | 'topicPrefix'> & {
    readonly connection: ConnectionOptions
  }
>(environment: Servers) {
  const client = createKafkaClient({ brokers: environment.brokers, clientId: 'test' })
  const admin = await client.connectAdmin()
  const sender = await client.connectSender()
  const registry = createRegistry({ url: environment.registryUrl })
  afterAll(() => Promise.all([admin.close(), sender.close()]))

  let last: Promise<unknown> = Promise.resolve()
  /** One after the other, for all callers: a sender takes at most one batch of a partition at a time. */
  const send = (topic: string, record: OutgoingRecord): Promise<void> => {
    const sent = last.then(async () => {
      const partition = partitionFor(Buffer.from(record.key ?? ''), await sender.partitionsOf(topic))
      const [result] = await sender.send([{ topic, partition, records: [record] }])
      if (result && 'error' in result) throw result.error
    })
    last = sent.catch(() => undefined)
    return sent
  }

  /** The records of a topic from its start, as many as are asked for; their headers by name, and as they are there. */
  const read = async (topic: string, count: number) => {
    const records: KafkaRecord[] = []
    const consumer = client.groupConsumer({
      group: `read-${randomUUID()}`,
      topics: async () => [topic],
      topicRefreshMs: 200,
      log: silentLogger,
      onBatch: async (batch, control) => {
        records.push(...batch.records)
        control.resolve(batch.lastOffset)
      }
    })
    consumer.start()
    try {
      await eventually(() => records.length >= count, { what: `${count} records in ${topic}` })
      return records.map(({ headers: headerList, ...record }) => ({
        ...record,
        headerList,
        headers: headersByName(headerList)
      }))
    } finally {
      await consumer.stop()
    }
  }

  let terms = 0
  const enrol = () => {
    const topicPrefix = `${environment.topicPrefix}${++terms}.`
    return {
      topicPrefix,
      /** Registers all versions of an event and makes its topic. */
      async offer(eventName: keyof Events, partitions = 3): Promise<void> {
        for (const { envelope } of catalogue.versions(eventName))
          await registry.register(`${topicPrefix}${eventName}-value`, envelope)
        const topic = { topic: topicPrefix + eventName, partitions, replicationFactor: 1, config: {} }
        await admin.createTopics([topic])
      },
      async encode(event: SchoolEvent): Promise<OutgoingRecord & { readonly id: string }> {
        const { id = v7(), aggregateId = randomUUID(), occurredAt = BigInt(Date.now()) * 1000n, headers } = event
        const version = catalogue.version(event.eventName, event.version)
        const registered = await registry.register(`${topicPrefix}${event.eventName}-value`, version.envelope)
        const input = { id, aggregate_id: aggregateId, occurred_at: occurredAt, payload: event.payload }
        const value = encodeEnvelope(version, registered.id, input, registered.version)
        return { key: aggregateId, value, id, ...(headers && { headers }) }
      },
      /** Publishes one after the other; returns the ids. */
      async publish(...events: SchoolEvent[]): Promise<string[]> {
        const ids: string[] = []
        for (const event of events) {
          const { id, ...record } = await this.encode(event)
          await send(topicPrefix + event.eventName, record)
          ids.push(id)
        }
        return ids
      },
      send: (eventName: keyof Events, record: OutgoingRecord) => send(topicPrefix + eventName, record),
      /** A started group that is closed when the test ends. */
      async group(
        options: Pick<ConsumerGroupOptions<Events>, 'group' | 'handlers'> & Partial<ConsumerGroupOptions<Events>>
      ): Promise<ConsumerGroup> {
        const group = createConsumerGroup<Events>({
          connection: environment.connection,
          catalogue,
          topicPrefix,
          sessionTimeoutMs: 2_000,
          topicRefreshMs: 300,
          commitIntervalMs: 200,
          retry: { attempts: 3, initialMs: 20, maxMs: 100 },
          ...options
        })
        onTestFinished(() => group.close())
        await group.start()
        return group
      }
    }
  }
  return { ...environment, client, admin, registry, read, enrol }
}
