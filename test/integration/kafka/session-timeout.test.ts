import { expect, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { createSink } from '../../../sink/index.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')

test('a session timeout that the brokers refuse ends a sink with words', { timeout: 30_000 }, async () => {
  // Brokers take 30 minutes at most as shipped.
  await using sink = createSink({ ...trail.sinkOptions, sessionTimeoutMs: 40 * 60_000 })
  await sink.start()
  expect(await sink.closed).toMatchObject({
    code: 'KAFKA_REFUSED',
    message: expect.stringContaining('refuses a session timeout of 2400000 ms')
  })
})

test('what kafkajs refuses before it does anything ends the consumer, and not the process', async () => {
  const consumer = createKafkaClient({ brokers: trail.brokers }).groupConsumer({
    group: `${trail.topicPrefix}impatient`,
    topics: async () => [`${trail.topicPrefix}badge.awarded`],
    onBatch: async () => undefined,
    log: silentLogger,
    // Shorter than a heartbeat.
    sessionTimeoutMs: 100
  })
  consumer.start()
  expect((await consumer.closed)?.message).toContain('heartbeatInterval')
  await consumer.stop()
})
