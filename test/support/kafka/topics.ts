import { randomBytes } from 'node:crypto'
import { afterAll } from 'vitest'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { catalogue as example } from '../../../schemas/catalogue/index.ts'
import { type Catalogue, createRegistry } from '../../../schemas/index.ts'
import { registerCatalogue } from '../../../schemas/registry/register.ts'

export interface TopicsOptions {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly topicPrefix: string
  readonly catalogue?: Catalogue
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: Readonly<Record<string, string>>
}

/** A record as it is in a topic. */
export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

/** Registers a catalogue, makes its topics, and reads them back; disconnects after the last test of the file. */
export async function testTopics(options: TopicsOptions) {
  const { brokers, registryUrl, topicPrefix, catalogue = example, partitions = 3 } = options
  const client = createKafkaClient({ brokers, clientId: 'test' })
  const admin = await client.connectAdmin()
  afterAll(() => admin.close())
  for await (const _ of registerCatalogue(catalogue, createRegistry({ url: registryUrl }), topicPrefix));
  await admin.createTopics(
    catalogue.eventNames.map(eventName => ({
      topic: topicPrefix + eventName,
      partitions,
      replicationFactor: options.replicationFactor ?? 1,
      config: options.config ?? {}
    }))
  )

  /** Everything in the topic of an event, by partition and offset. */
  const read = async (eventName: string): Promise<StoredRecord[]> => {
    const topic = topicPrefix + eventName
    const wanted = new Map((await admin.ranges(topic)).map(range => [range.partition, range]))
    const missing = new Set([...wanted.values()].filter(({ start, end }) => end > start).map(range => range.partition))
    if (missing.size === 0) return []
    const records: StoredRecord[] = []
    const consumer = client.kafka.consumer({ groupId: `read-${randomBytes(6).toString('hex')}` })
    const done = Promise.withResolvers<void>()
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          for (const { offset, key, value, headers = {} } of batch.messages) {
            records.push({
              partition: batch.partition,
              offset: Number(offset),
              key: key?.toString() ?? null,
              value,
              headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]))
            })
          }
          if (Number(batch.lastOffset()) + 1 >= (wanted.get(batch.partition)?.end ?? 0)) missing.delete(batch.partition)
          if (missing.size === 0) done.resolve()
        }
      })
      await done.promise
    } finally {
      await consumer.disconnect()
    }
    return records
      .filter(({ partition, offset }) => offset < (wanted.get(partition)?.end ?? 0))
      .sort((one, other) => one.partition - other.partition || one.offset - other.offset)
  }

  return { client, admin, read }
}
