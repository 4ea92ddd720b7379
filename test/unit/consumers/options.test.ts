import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import type { ConsumerGroupOptions } from '../../../consumers/options.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'

const given: ConsumerGroupOptions<Events> = {
  group: 'readers',
  connection: { kafka: { brokers: ['localhost:9092'] }, registry: { url: 'http://localhost:8081' } },
  catalogue,
  handlers: { 'lesson.published': () => undefined }
}

test.each([
  ['group', { group: 'a group' }],
  ['handlers', { handlers: {} }],
  ['concurrency', { concurrency: 0 }],
  ['sessionTimeoutMs', { sessionTimeoutMs: 1.5 }],
  // With less than a heartbeat kafkajs threw, and the process died of it.
  ['sessionTimeoutMs', { sessionTimeoutMs: 150 }],
  ['sessionTimeoutMs', { sessionTimeoutMs: 2 ** 31 }],
  ['commitIntervalMs', { commitIntervalMs: 2 ** 31 }],
  ['topicRefreshMs', { topicRefreshMs: 2 ** 31 }],
  ['topicPrefix', { topicPrefix: 'x y' }],
  ['connection.kafka.brokers', { connection: { ...given.connection, kafka: { brokers: ['localhost'] } } }],
  ['connection.registry.url', { connection: { ...given.connection, registry: { url: 'localhost:8081' } } }],
  ['retry.initialMs', { retry: { initialMs: 2 ** 31 } }],
  ['retry.initialMs', { retry: { initialMs: -1 } }],
  ['retry.maxMs', { retry: { maxMs: Number.POSITIVE_INFINITY } }],
  ['retry.maxMs', { retry: { initialMs: 1_000, maxMs: 500 } }],
  ['retry.factor', { retry: { factor: 0.5 } }],
  ['retry.jitter', { retry: { jitter: 2 } }],
  ['deadLetters.retentionMs', { deadLetters: { retentionMs: 0.5 } }],
  ['deadLetters.replicationFactor', { deadLetters: { replicationFactor: 0 } }],
  ['retry.attempts', { retry: { attempts: 0 } }]
])('%s is checked, and the message names it', (name, wrong) => {
  expect(() => createConsumerGroup({ ...given, ...wrong })).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', message: expect.stringContaining(`\`${name}\``) })
  )
})

test.each([{ maxMs: 100 }, { initialMs: 20_000 }])('the pause that is not given makes room for %o', retry => {
  expect(() => createConsumerGroup({ ...given, retry })).not.toThrow()
})

test('a handler for an event that the catalogue does not have', () => {
  const handlers = { 'lesson.unpublished': () => undefined } as object
  expect(() => createConsumerGroup({ ...given, handlers })).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option: 'handlers' })
  )
})

test('a group that was never started can be closed, and is then closed for good', async () => {
  const group = createConsumerGroup({ ...given, topicPrefix: 'test.' })
  expect(group.state).toBe('new')
  expect(group.deadLetterTopic).toBe('test.readers.dead-letters')
  await group.close()
  expect(group.state).toBe('closed')
  expect(await group.closed).toBeUndefined()
  await expect(group.start()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(group.whenCaughtUp()).rejects.toMatchObject({ code: 'CLOSED' })
})
