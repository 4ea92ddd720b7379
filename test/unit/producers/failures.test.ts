import { expect, test } from 'vitest'
import { KafkaError, SendError } from '../../../kafka/index.ts'
import { isAnswer, refusalError } from '../../../producers/dispatch/failures.ts'
import type { Pending } from '../../../producers/dispatch/types.ts'

const pending = { id: 'i', route: { eventName: 'order.placed', topic: 'shop.order.placed' } } as Pending
const words = 'order.placed: Kafka does not grant this client WRITE on topic shop.order.placed. Grant it'

test('a producer that may write to no topic is refused by the name of the topic it needs', () => {
  const right = { operation: 'WRITE', resource: 'topic' } as const
  const refused = new KafkaError('NOT_AUTHORIZED', 'no', undefined, 'CLUSTER_AUTHORIZATION_FAILED', { right })
  const error = refusalError(pending, refused, false)
  expect(error).toMatchObject({
    code: 'REFUSED',
    outcome: 'failed',
    retryable: false,
    misconfigured: true,
    cause: refused
  })
  expect(error.message.startsWith(words)).toBe(true)
  expect(isAnswer(refused)).toBe(true)
  expect(isAnswer(new KafkaError('KAFKA_UNAVAILABLE', 'no'))).toBe(false)
})

test('a topic that refuses a batch is named, and an attempt before may have stored it', () => {
  const right = { operation: 'WRITE', resource: 'topic', name: 'shop.order.placed' } as const
  const error = refusalError(pending, new SendError('NOT_AUTHORIZED', 'no', { sent: true, right }), true)
  expect(error.message.startsWith(words)).toBe(true)
  expect(error.message).toContain('It may be stored')
  expect(error.outcome).toBe('unknown')
})
