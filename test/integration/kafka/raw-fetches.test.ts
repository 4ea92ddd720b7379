import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import kafkajs, { type KafkaMessage } from 'kafkajs'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import type { KafkaRecord, UnreadableBatch } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import type { GroupConsumerOptions } from '../../../kafka/types/member.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

const { Kafka, logLevel } = kafkajs
const { brokers, topicPrefix } = await testEnvironment()
const client = createKafkaClient({ brokers, clientId: 'test' })
const admin = await client.connectAdmin()
const sender = await client.connectSender()
afterAll(() => Promise.all([admin.close(), sender.close()]))

let topics = 0
async function makeTopic(partitions: number, config: Record<string, string> = {}): Promise<string> {
  const topic = `${topicPrefix}raw.${++topics}`
  await admin.createTopics([{ topic, partitions, replicationFactor: 1, config }])
  await eventually(() => admin.ranges(topic), { what: 'its partitions have leaders' })
  return topic
}

const headers = { trace: Buffer.from('0af7') }
async function send(topic: string, ...values: string[]): Promise<void> {
  const { length: partitions } = await admin.ranges(topic)
  for (const [index, value] of values.entries()) {
    const records = [{ key: value, value: Buffer.from(value), headers }]
    const [result] = await sender.send([{ topic, partition: index % partitions, records }])
    if (result && 'error' in result) throw result.error
  }
}

const textsOf = (records: readonly (KafkaRecord | KafkaMessage)[]) => records.map(({ value }) => String(value)).sort()
const texts = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix} ${100 + n}`)

/** One of our consumers, started; `records` are what it was given. */
function startOurs(topic: string, options: Partial<GroupConsumerOptions> = {}) {
  const records: KafkaRecord[] = []
  const consumer = client.groupConsumer({
    group: `${topic}-ours`,
    topics: async () => [topic],
    topicRefreshMs: 300,
    sessionTimeoutMs: 6_000,
    log: silentLogger,
    onBatch: async (batch, control) => {
      records.push(...batch.raw)
      await consumer.commit([{ topic, partition: batch.partition, offset: batch.lastOffset + 1 }])
      control.resolve(batch.lastOffset)
    },
    ...options
  })
  onTestFinished(() => consumer.stop())
  consumer.start()
  return { consumer, records }
}

/** A consumer as an application makes it that uses kafkajs by itself. */
async function startPlain(topic: string): Promise<KafkaMessage[]> {
  const messages: KafkaMessage[] = []
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'plain', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `${topic}-${randomUUID()}`, maxWaitTimeInMs: 200 })
  onTestFinished(() => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void messages.push(message) })
  return messages
}

test('other consumers get their messages while ours runs, also one that a handler makes', async () => {
  const topic = await makeTopic(2)
  const before = await startPlain(topic)
  const within = Promise.withResolvers<KafkaMessage[]>()
  const records: KafkaRecord[] = []
  startOurs(topic, {
    onBatch: async (batch, control) => {
      if (records.length === 0) within.resolve(startPlain(topic))
      records.push(...batch.raw)
      control.resolve(batch.lastOffset)
    }
  })
  const first = texts('first', 20)
  await send(topic, ...first)
  const made = await within.promise
  const after = await startPlain(topic)
  const second = texts('second', 20)
  await send(topic, ...second)
  for (const seen of [before, made, after, records])
    await eventually(() => seen.length >= 40, { what: 'each of them has everything' })
  for (const seen of [before, made, after, records]) expect(textsOf(seen)).toEqual([...first, ...second])
  const [message] = after
  const record = records.find(({ value }) => value?.equals(message?.value as Buffer))
  expect(record).toEqual({
    offset: Number(message?.offset),
    key: message?.key,
    value: message?.value,
    headers: Object.entries(headers),
    timestamp: Number(message?.timestamp)
  })
})

test('a consumer gets records as bytes also after rebalances', async () => {
  const topic = await makeTopic(4)
  const first = startOurs(topic)
  await send(topic, ...texts('alone', 8))
  await eventually(() => first.records.length === 8, { what: 'one reads all' })
  const second = startOurs(topic)
  await eventually(() => second.consumer.state === 'consuming', { what: 'the second has joined' })
  await send(topic, ...texts('both', 8))
  await eventually(() => first.records.length + second.records.length >= 16, { what: 'both read' })
  await second.consumer.stop()
  await send(topic, ...texts('left', 8))
  await eventually(() => textsOf(first.records).filter(text => text.startsWith('left')).length === 8, {
    what: 'the first reads all again'
  })
  const seen = new Set(textsOf([...first.records, ...second.records]))
  expect(seen).toEqual(new Set([...texts('alone', 8), ...texts('both', 8), ...texts('left', 8)]))
})

test('records are asked for in no more bytes than allowed', async () => {
  const topic = await makeTopic(1)
  await send(topic, ...texts('x'.repeat(2_000), 20))
  const sizes: number[] = []
  startOurs(topic, {
    fetchLimits: () => ({ maxBytesPerPartition: 100_000, maxBytes: 5_000 }),
    maxWaitMs: 50,
    onBatch: async (batch, control) => {
      expect(batch.records).toBe(batch.records)
      expect(batch.raw.portion().records.bytes).toBeGreaterThan(batch.raw.count * 2_000)
      sizes.push(batch.records.length)
      control.resolve(batch.lastOffset)
    }
  })
  await eventually(() => sizes.reduce((sum, size) => sum + size, 0) === 20, { what: 'all are read' })
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2)
})

test('a batch that cannot be read is handed over as one, with its bytes, and the consumer continues', async () => {
  const topic = await makeTopic(1, { 'compression.type': 'gzip' })
  await send(topic, 'one', 'x'.repeat(10_000), 'two')
  const unreadable: UnreadableBatch[] = []
  const { consumer, records } = startOurs(topic, {
    maxBatchBytes: 5_000,
    onBatch: async (batch, control) => {
      for (const portion of batch.raw.portions()) unreadable.push(...portion.unreadable)
      records.push(...batch.records)
      control.resolve(batch.lastOffset)
    }
  })
  await eventually(() => records.length === 2, { what: 'the others are read' })
  expect(records.map(({ value }) => String(value))).toEqual(['one', 'two'])
  expect(unreadable).toMatchObject([{ code: 'BATCH_TOO_LARGE', baseOffset: 1, lastOffset: 1 }])
  expect(consumer.state).toBe('consuming')
})

test('a broker from before Kafka 2.3 ends a consumer with what is needed', async () => {
  const topic = await makeTopic(1)
  const fetch = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch') as { versions: string[] }
  const { versions } = fetch
  onTestFinished(() => void Object.assign(fetch, { versions }))
  // The highest that such a broker would offer.
  fetch.versions = versions.filter(version => Number(version) <= 10)
  const { consumer } = startOurs(topic)
  expect(await consumer.closed).toMatchObject({
    code: 'KAFKA_UNSUPPORTED',
    message: expect.stringContaining('Kafka 2.3')
  })
})

test('it hears of it when the log does not have what it asks for', async () => {
  const topic = await makeTopic(1)
  await send(topic, ...texts('event', 5))
  const told: unknown[] = []
  const { consumer, records } = startOurs(topic, { onOutOfRange: source => void told.push(source) })
  await eventually(() => records.length === 5, { what: 'all are read' })
  const remover = client.kafka.admin()
  await remover.connect()
  // kafkajs asks no broker about a topic that it has not met.
  await remover.fetchTopicOffsets(topic)
  await remover.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
  await remover.disconnect()
  expect(told).toEqual([])
  consumer.seek(topic, 0, 1)
  await eventually(() => records.length === 7, { what: 'it goes on at the start of the log' })
  expect(told).toEqual([{ topic, partition: 0 }])
})

test('no partition waits until those before it are read, where a fetch has room for one (KIP-74)', async () => {
  const [partitions, each] = [8, 60]
  const topic = await makeTopic(partitions)
  const value = Buffer.alloc(4_096)
  // One batch of each partition a time: a fetch brings whole ones.
  for (let left = each; left > 0; left -= 1) {
    const toAll = Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      records: [{ key: '', value }]
    }))
    for (const result of await sender.send(toAll)) if ('error' in result) throw result.error
  }
  const read = new Map<number, number>()
  const isOver = () => read.size === partitions || [...read.values()].includes(each)
  startOurs(topic, {
    fetchLimits: () => ({ maxBytesPerPartition: value.length, maxBytes: value.length }),
    onBatch: async (batch, control) => {
      if (!isOver()) read.set(batch.partition, (read.get(batch.partition) ?? 0) + [...batch.raw].length)
      control.resolve(batch.lastOffset)
    }
  })
  await eventually(isOver, { what: 'all partitions are read, or one to its end' })
  expect([...read.keys()].sort()).toEqual(Array.from({ length: partitions }, (_, partition) => partition))
})
