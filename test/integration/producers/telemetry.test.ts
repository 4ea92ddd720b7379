import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createPrometheusMeter } from '../../../observability/prometheus/index.ts'
import { createProducer, producerMetrics } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { eventually, rerouted, testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
await testTopics(environment)
const badge = () => ({ badge_id: randomUUID(), awarded_to: randomUUID(), reason: 'r' })

test('a producer counts what it published, and is ready once its servers answered', async () => {
  const meter = createPrometheusMeter({ metrics: producerMetrics })
  const producer = createProducer({
    connection: environment.connection,
    topicPrefix: environment.topicPrefix,
    catalogue,
    source: 'counted',
    meter
  })
  expect(producer.health()).toEqual({
    notReady: ['Kafka has not answered yet', 'the registry has not answered yet'],
    dead: []
  })
  await Promise.all([1, 2, 3].map(() => producer.publish('badge.awarded', randomUUID(), badge())))
  await eventually(() => producer.health().notReady.length === 0, { what: 'it is ready' })
  expect(producer.stats()).toEqual({ published: 3, failed: 0, unknown: 0, unacknowledged: 0, unacknowledgedBytes: 0 })
  const { body } = await meter.text()
  expect(body).toContain('eventtrail_producer_published_total{source="counted"} 3')
  expect(body).toContain('eventtrail_producer_unacknowledged{source="counted"} 0')
  await producer.close()
  expect(producer.health().notReady).toEqual(['it has stopped'])
})

test('what is not acknowledged is counted by its outcome, and servers that are away are named', async () => {
  const meter = createPrometheusMeter({ metrics: producerMetrics })
  const connection = rerouted(environment.connection, { brokers: ['127.0.0.1:1'], registryUrl: 'http://127.0.0.1:1' })
  const { topicPrefix } = environment
  await using producer = createProducer({ connection, topicPrefix, catalogue, meter, deliveryTimeoutMs: 300 })
  const publishing = producer.publish('badge.awarded', randomUUID(), badge())
  expect(producer.stats()).toMatchObject({ unacknowledged: 1 })
  expect(producer.stats().unacknowledgedBytes).toBeGreaterThan(50)
  await expect(publishing).rejects.toMatchObject({ code: 'TIMED_OUT', outcome: 'failed' })
  expect(producer.stats()).toMatchObject({ published: 0, failed: 1, unknown: 0, unacknowledged: 0 })
  expect((await meter.text()).body).toContain('eventtrail_producer_failed_total{source="",outcome="failed"} 1')
  await eventually(() => /unreachable.*unreachable/.test(producer.health().notReady.join()), { what: 'both are named' })
})
