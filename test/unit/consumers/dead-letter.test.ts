import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { barestDeadLetter, type DeadLetterFacts, deadLettersOf } from '../../../consumers/dead-letters/dead-letter.ts'
import type { Header, KafkaRecord } from '../../../kafka/index.ts'
import type { HeaderList } from '../../../kafka/types/sender.ts'

const facts: DeadLetterFacts = {
  group: 'indexer',
  topic: 'lesson.published',
  partition: 3,
  offset: 42,
  code: 'TypeError',
  attempts: 5,
  policy: 'skip',
  wasRead: true
}
const message = (parts: Partial<KafkaRecord>): KafkaRecord => ({
  ...{ offset: 42, key: null, value: null, headers: [], timestamp: 1 },
  ...parts
})
const whole = (parts: Partial<KafkaRecord>) => [...deadLettersOf(message(parts), facts)][0]
const ours: HeaderList = [
  ['dead-letter-group', 'indexer'],
  ['dead-letter-topic', 'lesson.published'],
  ['dead-letter-partition', '3'],
  ['dead-letter-offset', '42'],
  ['dead-letter-code', 'TypeError'],
  ['dead-letter-attempts', '5'],
  ['dead-letter-policy', 'skip'],
  ['__connect.errors.topic', 'lesson.published'],
  ['__connect.errors.partition', '3'],
  ['__connect.errors.offset', '42'],
  ['__connect.errors.connector.name', 'indexer'],
  ['__connect.errors.task.id', '0'],
  ['__connect.errors.stage', 'TASK_PUT'],
  ['__connect.errors.class.name', 'eventtrail'],
  ['__connect.errors.exception.class.name', 'TypeError'],
  ['__connect.errors.exception.message', 'TypeError']
]
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('a dead letter is the message byte for byte, with headers that say where it came from', () => {
  const headers: Header[] = [
    ['repeated', Buffer.from('a')],
    ['', null],
    ['__proto__', Buffer.from([0, 255])],
    ['repeated', Buffer.alloc(0)]
  ]
  const parts = { key: Buffer.from([0, 255]), value: Buffer.from([1, 2, 254]), headers }
  expect(whole(parts)).toMatchObject({
    leftOut: [],
    record: { key: parts.key, value: parts.value, headers: [...headers, ...ours] }
  })
})

test('null keys and values stay null, and a second failure replaces the headers of the first', () => {
  const headers: Header[] = [
    ['dead-letter-code', Buffer.from('EARLIER')],
    ['dead-letter-value-bytes', Buffer.from('9')]
  ]
  expect(whole({ headers })?.record).toEqual({ key: null, value: null, headers: [headers[1], ...ours] })
})

test('each leaves out the largest part that the one before still had, and says so', () => {
  const value = Buffer.alloc(2_000, 'v')
  const key = Buffer.alloc(10, 'k')
  const headers: Header[] = [['h', Buffer.alloc(500)]]
  const letters = [...deadLettersOf(message({ key, value, headers }), facts)]
  expect(letters.map(({ leftOut }) => leftOut)).toEqual([
    [],
    ['value'],
    ['value', 'headers'],
    ['value', 'headers', 'key']
  ])
  const said: HeaderList = [
    ['dead-letter-truncated', 'true'],
    ['dead-letter-value-sha256', sha256(value)],
    ['dead-letter-value-bytes', '2000']
  ]
  expect(letters[1]?.record).toEqual({ key, value: null, headers: [...headers, ...ours, ...said] })
  const count = ['dead-letter-headers-count', '1'] as const
  expect(letters[2]?.record).toEqual({ key, value: null, headers: [...ours, ...said, count] })
  const keySaid: HeaderList = [
    ['dead-letter-key-sha256', sha256(key)],
    ['dead-letter-key-bytes', '10']
  ]
  expect(letters[3]?.record).toEqual({ key: null, value: null, headers: [...ours, ...said, ...keySaid, count] })
})

test('of headers that were too many to be read, the number is given', () => {
  expect(whole({ headersLeftOut: 20_000 })).toMatchObject({
    leftOut: ['headers'],
    record: { headers: [...ours, ['dead-letter-truncated', 'true'], ['dead-letter-headers-count', '20000']] }
  })
})

test('of any message the last one holds nothing, and none is larger than the one before', () => {
  const bytes = fc.option(
    fc.uint8Array({ maxLength: 2_000 }).map(each => Buffer.from(each)),
    { nil: null }
  )
  const headers = fc.array(fc.tuple(fc.string(), bytes), { maxLength: 20 })
  fc.assert(
    fc.property(fc.record({ key: bytes, value: bytes, headers }), parts => {
      const letters = [...deadLettersOf(message(parts), facts)]
      const last = letters.at(-1)
      expect(last?.record.key?.length ?? 0).toBe(0)
      expect(last?.record.value?.length ?? 0).toBe(0)
      expect(last?.bytes).toBeLessThan(1_500)
      // What is said of a part that is left out may be longer than the part.
      const told = 300
      for (const [place, { bytes: size }] of letters.entries())
        expect(size).toBeLessThan((letters[place - 1]?.bytes ?? Number.POSITIVE_INFINITY) + told)
      expect(letters[0]?.record).toMatchObject({ key: parts.key, value: parts.value })
    })
  )
})

test('the barest one has nothing of the message', () => {
  expect(barestDeadLetter(facts).record).toEqual({
    key: null,
    value: null,
    headers: [...ours, ['dead-letter-truncated', 'true']]
  })
})

test('what is known of the failure is in headers, its reason printable and not longer than 1,000 characters', () => {
  const reason = `no\nuse${'x'.repeat(2_000)}`
  const known = { ...facts, wasRead: false, firstFailure: '2026-11-27T04:00:00.000Z', version: '1.2.3', reason }
  const headers = new Map([...deadLettersOf(message({}), known)][0]?.record.headers as HeaderList)
  expect(headers.get('dead-letter-first-failure')).toBe('2026-11-27T04:00:00.000Z')
  expect(headers.get('dead-letter-version')).toBe('1.2.3')
  const kept = headers.get('dead-letter-reason')
  expect(kept).toMatch(/^no\\u\{a\}usex+…$/)
  expect(String(kept).length).toBeLessThanOrEqual(1_000)
  expect(headers.get('__connect.errors.exception.message')).toBe(kept)
  expect(headers.get('__connect.errors.stage')).toBe('VALUE_CONVERTER')
})

test('a letter that fails again keeps its redrive headers and nothing of what the failure before said', () => {
  const headers: Header[] = [
    ['redrive-of', Buffer.from('id/7')],
    ['redrive-action', Buffer.from('3')],
    ['redrive-count', Buffer.from('1')],
    ['dead-letter-reason', Buffer.from('no use')],
    ['dead-letter-version', Buffer.from('1.0.0')],
    ['__connect.errors.exception.message', Buffer.from('no use')]
  ]
  expect(whole({ headers })?.record.headers).toEqual([...headers.slice(0, 3), ...ours])
})
