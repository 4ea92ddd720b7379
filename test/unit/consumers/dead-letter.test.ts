import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { barestDeadLetter, deadLettersOf } from '../../../consumers/dead-letters/dead-letter.ts'
import type { Header, KafkaRecord } from '../../../kafka/index.ts'
import type { HeaderList } from '../../../kafka/types/sender.ts'

const facts = { group: 'indexer', topic: 'lesson.published', partition: 3, code: 'TypeError', attempts: 5 }
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
  ['dead-letter-attempts', '5']
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
      expect(last?.bytes).toBeLessThan(700)
      // What is said of a part that is left out may be longer than the part.
      const told = 300
      for (const [place, { bytes: size }] of letters.entries())
        expect(size).toBeLessThan((letters[place - 1]?.bytes ?? Number.POSITIVE_INFINITY) + told)
      expect(letters[0]?.record).toMatchObject({ key: parts.key, value: parts.value })
    })
  )
})

test('the barest one looks at nothing of the message but its offset', () => {
  const poisoned = new Proxy(message({}), {
    get(target, name) {
      if (name !== 'offset') throw new TypeError(`it looked at ${String(name)}`)
      return target.offset
    }
  })
  expect(barestDeadLetter(poisoned, facts).record).toEqual({
    key: null,
    value: null,
    headers: [...ours, ['dead-letter-truncated', 'true']]
  })
})
