import { afterEach, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { ConsumerVitals } from '../../../kafka/kafkajs/member/vitals.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

// Nothing is known that holds the supervision up; that is what the bound is for.
it('a consumer whose supervision does not turn ends, with the reason, for its process to end too', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(ConsumerVitals.prototype, 'beat').mockImplementation(() => undefined)
  const consumer = createKafkaClient({ brokers: ['127.0.0.1:1'] }).groupConsumer({
    group: 'g',
    topics: () => new Promise(() => undefined),
    onBatch: async () => undefined,
    log: silentLogger
  })
  consumer.start()
  vi.advanceTimersByTime(75_000)
  expect(consumer.vitals.dead).toBe(false)
  vi.advanceTimersByTime(1_000)
  expect(consumer.vitals.dead).toBe(true)
  expect(await consumer.closed).toMatchObject({ code: 'CONSUMER_STALLED', retryable: false })
  await consumer.stop(10)
})
