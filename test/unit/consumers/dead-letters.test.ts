import { expect, test } from 'vitest'
import { deadLetterOf } from '../../../consumers/dead-letters.ts'
import type { Header } from '../../../kafka/index.ts'

const headersOf = (pairs: [string, string][]): Header[] => pairs.map(([name, text]) => [name, Buffer.from(text)])
const facts = { group: 'indexer', topic: 'lesson.published', partition: 3, code: 'TypeError', attempts: 5 }

test('a dead letter is the message byte for byte, with headers that say where it came from', () => {
  const record = {
    offset: 42,
    key: Buffer.from([0, 255]),
    value: Buffer.from([1, 2, 254]),
    headers: headersOf([
      ['traceparent', '00-ab'],
      ['repeated', 'a'],
      ['repeated', 'b']
    ]),
    timestamp: 1
  }
  expect(deadLetterOf(record, facts)).toEqual({
    key: record.key,
    value: record.value,
    headers: {
      traceparent: Buffer.from('00-ab'),
      repeated: [Buffer.from('a'), Buffer.from('b')],
      'dead-letter-group': 'indexer',
      'dead-letter-topic': 'lesson.published',
      'dead-letter-partition': '3',
      'dead-letter-offset': '42',
      'dead-letter-code': 'TypeError',
      'dead-letter-attempts': '5'
    }
  })
})

test('null keys and values stay null, and a second failure replaces the headers of the first', () => {
  const headers = headersOf([['dead-letter-code', 'EARLIER']])
  const letter = deadLetterOf({ offset: 1, key: null, value: null, headers, timestamp: 1 }, facts)
  expect(letter.key).toBeNull()
  expect(letter.value).toBeNull()
  expect(letter.headers).toMatchObject({ 'dead-letter-code': 'TypeError' })
})
