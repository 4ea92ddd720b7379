import { afterAll, expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { compactedTopic, type KafkaError, type TableChanges, TopicTable } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

const { brokers, topicPrefix } = await testEnvironment()
const client = createKafkaClient({ brokers, clientId: 'table' })
const admin = await client.connectAdmin()
afterAll(() => admin.close())

let names = 0
const newName = (): string => `${topicPrefix}table-${++names}`
async function newTopic(topic = newName()): Promise<string> {
  await admin.createTopics([compactedTopic(topic, 1)])
  return topic
}

function open(topic: string, onFault?: (fault: KafkaError) => void) {
  const table = new TopicTable({ client, topic, log: silentLogger, ...(onFault && { onFault }) })
  onTestFinished(() => table.close())
  const texts = () => Object.fromEntries([...table.entries()].map(([key, value]) => [key, String(value)]))
  return { table, texts }
}
const text = (value: string): Buffer => Buffer.from(value)
const inWords = (changes: TableChanges): [string, string | undefined][] =>
  [...changes].map(([key, value]) => [key, value?.toString()])

test('a row that was written is in the map of the writer at once, and in that of others soon', async () => {
  const topic = await newTopic()
  const [one, other] = [open(topic), open(topic)]
  expect(await Promise.all([one.table.ready, other.table.ready])).toEqual(['read', 'read'])
  const heard: [string, string | undefined][] = []
  other.table.onChange(changes => void heard.push(...inWords(changes)))
  await one.table.put('a', text('1'))
  await one.table.put('a', text('2'))
  await one.table.put('b', text('3'))
  expect(one.texts()).toEqual({ a: '2', b: '3' })
  await other.table.refresh()
  expect(other.texts()).toEqual({ a: '2', b: '3' })
  await one.table.delete('a')
  expect(one.texts()).toEqual({ b: '3' })
  await eventually(() => other.table.get('a') === undefined, { what: 'the row is gone for the other' })
  expect(new Map(heard)).toEqual(
    new Map([
      ['a', undefined],
      ['b', '3']
    ])
  )
})

test('all of a topic is read before it is ready, and heard of at once', async () => {
  const topic = await newTopic()
  const writer = open(topic)
  for (let row = 0; row < 50; row += 1) await writer.table.put(`k${row % 10}`, text(String(row)))
  await writer.table.delete('k3')
  const reader = open(topic)
  const reads: number[] = []
  reader.table.onChange(({ size }) => void reads.push(size))
  expect(await reader.table.ready).toBe('read')
  expect(reader.texts()).toEqual(writer.texts())
  expect(reader.table.entries().size).toBe(9)
  expect(reads).toEqual([9])
})

test('a topic that does not exist is missing, and read once it is there', async () => {
  const topic = newName()
  const faults: string[] = []
  const { table, texts } = open(topic, ({ code }) => void faults.push(code))
  expect(await table.ready).toBe('missing')
  expect(table.fault?.code).toBe('TOPIC_UNKNOWN')
  await expect(table.refresh()).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
  await expect(table.put('a', text('1'))).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
  await newTopic(topic)
  await open(topic).table.put('a', text('1'))
  await eventually(() => table.get('a'), { what: 'the row is read' })
  expect([texts(), table.fault, faults]).toEqual([{ a: '1' }, undefined, ['TOPIC_UNKNOWN']])
})

test('rows stay while their topic is deleted; when it is made again its rows replace them at once', async () => {
  const topic = await newTopic()
  const { table, texts } = open(topic)
  await table.put('a', text('1'))
  await table.put('b', text('2'))
  await admin.deleteTopics([topic])
  await eventually(() => table.fault, { what: 'the topic is missed' })
  expect(texts()).toEqual({ a: '1', b: '2' })
  const heard: [string, string | undefined][] = []
  table.onChange(changes => void heard.push(...inWords(changes)))
  await newTopic(topic)
  await open(topic).table.put('b', text('3'))
  await eventually(() => table.get('b')?.toString() === '3', { what: 'the new topic is read' })
  expect(texts()).toEqual({ b: '3' })
  expect(heard).toContainEqual(['a', undefined])
  await table.put('c', text('4'))
  expect(texts()).toEqual({ b: '3', c: '4' })
})

test('closing one that waits for news, or for its topic, takes no longer than it must', async () => {
  const [present, missing] = [open(await newTopic()), open(newName())]
  expect([await present.table.ready, await missing.table.ready]).toEqual(['read', 'missing'])
  await Promise.all([present.table.close(), missing.table.close()])
  await expect(present.table.refresh()).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
  await expect(present.table.put('a', text('1'))).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
})
