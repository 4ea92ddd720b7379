import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { silentBroker } from '../../support/kafka/silent-broker.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')

const silent = await silentBroker()
const brokers = [silent.address, ...trail.brokers]

// Asking it first took 270 s, more than the time of this test.
test('a broker of the list that never answers keeps neither producer, sink nor group from starting', {
  timeout: 60_000
}, async () => {
  const { topicPrefix } = trail
  const connection = rerouted(trail.connection, { brokers })
  const handled: string[] = []
  await using producer = createProducer({ connection, topicPrefix, source: 'silent', catalogue })
  await using sink = createSink({ ...trail.sinkOptions, connection })
  await using group = createConsumerGroup({
    ...{ connection, topicPrefix, catalogue, group: 'silent' },
    handlers: { 'badge.awarded': async ({ id }) => void handled.push(id) }
  })
  const { payload } = badge() as { payload: { badge_id: string; awarded_to: string; reason: string } }
  const published = producer.publish('badge.awarded', crypto.randomUUID(), payload)
  await Promise.all([sink.start(), group.start()])
  const { id } = await published
  await eventually(() => handled.includes(id), { what: 'it is handled', timeoutMs: 30_000 })
  await eventually(async () => (await trail.count('event_envelopes')) === 1, { what: 'it is stored' })
  expect(silent.connections()).toBeGreaterThan(0)
})

test('what a client has found silent it does not ask first again', async () => {
  const client = createKafkaClient({ brokers })
  await using first = await client.connectAdmin()
  await first.ping()
  const before = silent.connections()
  for (let times = 0; times < 3; times += 1) {
    await using again = await client.connectAdmin()
    await again.ping()
  }
  expect(silent.connections()).toBe(before)
})
