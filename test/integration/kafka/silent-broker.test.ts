import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { connectAdmin, createKafkaClient } from '../../../kafka/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/index.ts'
import { createSink } from '../../../sink/index.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')

// As a machine that is frozen: its kernel takes connections, nobody answers.
const sockets = new Set<Socket>()
const silent = createServer(socket => void sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
await once(silent, 'listening')
afterAll(() => {
  silent.close()
  for (const socket of sockets) socket.destroy()
})
const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`, ...trail.brokers]

test('a broker of the list that never answers keeps neither producer, sink nor group from starting', {
  timeout: 60_000
}, async () => {
  const { registryUrl, topicPrefix } = trail
  const handled: string[] = []
  await using producer = createProducer({ brokers, registryUrl, topicPrefix, source: 'silent', catalogue })
  await using sink = createSink({ ...trail.sinkOptions, brokers })
  await using group = createConsumerGroup({
    ...{ brokers, registryUrl, topicPrefix, catalogue, group: 'silent' },
    handlers: { 'badge.awarded': async ({ id }) => void handled.push(id) }
  })
  const { payload } = badge() as { payload: { badge_id: string; awarded_to: string; reason: string } }
  const began = performance.now()
  const published = producer.publish('badge.awarded', crypto.randomUUID(), payload)
  await Promise.all([sink.start(), group.start()])
  const { id } = await published
  await eventually(() => handled.includes(id), { what: 'it is handled', timeoutMs: 30_000 })
  await eventually(async () => (await trail.count('event_envelopes')) === 1, { what: 'it is stored' })
  // 270 s it was.
  expect(performance.now() - began).toBeLessThan(40_000)
  expect(sockets.size).toBeGreaterThan(0)
})

test('what a client has found silent it does not ask first again', async () => {
  const client = createKafkaClient({ brokers })
  await using first = await connectAdmin(client)
  await first.ping()
  const before = sockets.size
  for (let times = 0; times < 3; times += 1) {
    await using again = await connectAdmin(client)
    await again.ping()
  }
  expect(sockets.size).toBe(before)
})
