import { afterAll, expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { compactedTopic, TopicTable } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import { topic } from '../../support/kafka/rights/access-control.ts'
import { guardedStack } from '../../support/kafka/rights/guarded-stack.ts'
import { eventually } from '../../support/stack.ts'

const kafka = await guardedStack('topic-table', ['reader', 'stranger'])
const brokers = String(kafka.stack.env.KAFKA_BROKERS).split(',')
const admin = await createKafkaClient({ brokers }).connectAdmin()
afterAll(() => admin.close())

function open(name: string, user?: string) {
  const client =
    user === undefined
      ? createKafkaClient({ brokers })
      : createKafkaClient({
          brokers: kafka.as(user, { kafka: { brokers }, registry: { url: '' } }).kafka.brokers,
          security: { sasl: { mechanism: 'plain', username: user, password: user } }
        })
  const faults: string[] = []
  const table = new TopicTable({
    client,
    topic: name,
    log: silentLogger,
    onFault: ({ code, message }) => void faults.push(`${code} ${message}`)
  })
  onTestFinished(() => table.close())
  return { table, faults }
}

test('a reader without rights is refused and says which one is missing; with READ it reads, and may not write', async () => {
  await admin.createTopics([compactedTopic('rows', 1)])
  const writer = open('rows')
  await writer.table.put('a', Buffer.from('1'))
  const { table, faults } = open('rows', 'stranger')
  expect(await table.ready).toBe('refused')
  expect(faults).toEqual([expect.stringMatching(/^NOT_AUTHORIZED .*User:stranger READ on topic rows/)])
  await kafka.grant('stranger', topic('rows', 'READ', 'DESCRIBE'))
  await eventually(() => table.get('a'), { what: 'the row is read', timeoutMs: 60_000 })
  await expect(table.put('a', Buffer.from('2'))).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' })
})

test('rows stay while no broker is there, and what is written afterwards is read', { timeout: 120_000 }, async () => {
  await admin.createTopics([compactedTopic('kept', 1)])
  const [reader, writer] = [open('kept'), open('kept')]
  await writer.table.put('a', Buffer.from('1'))
  await reader.table.refresh()
  await kafka.stack.restartable.kafka.kill()
  await eventually(() => reader.table.fault, { what: 'the reader misses its broker' })
  expect(reader.table.get('a')?.toString()).toBe('1')
  const written = writer.table.put('a', Buffer.from('2'))
  await kafka.stack.restartable.kafka.start()
  await written
  await eventually(() => reader.table.get('a')?.toString() === '2', { what: 'the new row is read', timeoutMs: 60_000 })
  expect(reader.table.fault).toBeUndefined()
})
