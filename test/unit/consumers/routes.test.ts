import { expect, test } from 'vitest'
import { Routes } from '../../../consumers/dead-letters/index.ts'
import type { KafkaRecord } from '../../../kafka/index.ts'

const routes = new Routes(new Map([['p.order.placed', 'order.placed']]), 'p.stock.dead-letters-redrive')
const record = (headers: Readonly<Record<string, string>>, key: string | null = 'k'): KafkaRecord => ({
  offset: 3,
  key: key === null ? null : Buffer.from(key),
  value: null,
  headers: Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]),
  timestamp: 0
})
const event = { topic: 'p.order.placed', partition: 2 }
const redrive = { topic: 'p.stock.dead-letters-redrive', partition: 5 }
const first = { 'dead-letter-topic': 'p.order.placed', 'dead-letter-partition': '2', 'dead-letter-offset': '70' }

test('a record is of the event of its topic, in the lane of its key or of its partition', () => {
  expect(routes.of(event, record(first))).toEqual({ eventName: 'order.placed', lane: 'p.order.placed k' })
  expect(routes.of(event, record({}, null)).lane).toBe('p.order.placed/2')
})

test('a redriven letter is of the event, and in the lane, that it was of before', () => {
  const headers = { ...first, 'redrive-action': '9', 'dead-letter-first-failure': '2026-11-27T04:00:00.000Z' }
  expect(routes.of(redrive, record(headers))).toEqual({
    eventName: 'order.placed',
    lane: 'p.order.placed k',
    redriven: {
      origin: { topic: 'p.order.placed', partition: 2, offset: 70 },
      action: '9',
      end: undefined,
      firstFailure: '2026-11-27T04:00:00.000Z'
    }
  })
  expect(routes.of(redrive, record(headers, null)).lane).toBe('p.order.placed/2')
})

test('the end of the letters of an aggregate has the offset of the last one', () => {
  const { 'dead-letter-offset': _, ...headers } = { ...first, 'redrive-end': '99' }
  expect(routes.of(redrive, record(headers)).redriven).toMatchObject({
    end: 99,
    origin: { topic: 'p.order.placed', partition: 2, offset: 99 }
  })
})

test.each([
  {},
  { ...first, 'dead-letter-topic': 'p.order.cancelled' },
  { 'dead-letter-topic': 'p.order.placed', 'dead-letter-partition': 'x', 'dead-letter-offset': '1' }
])('a record that does not come from a topic of the group is of no event', headers => {
  const { eventName, redriven } = routes.of(redrive, record(headers))
  expect(eventName).toBe('')
  expect(redriven).toBeDefined()
})
