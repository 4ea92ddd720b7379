import { expect, test } from 'vitest'
import { deadLetterOf } from '../../../consumers/dead-letters.ts'

const facts = { group: 'indexer', topic: 'lesson.published', partition: 3, code: 'TypeError', attempts: 5 }

test('a dead letter is the message byte for byte, with headers that say where it came from', () => {
  const record = {
    offset: 42,
    key: Buffer.from([0, 255]),
    value: Buffer.from([1, 2, 254]),
    headers: { traceparent: Buffer.from('00-ab'), repeated: [Buffer.from('a'), Buffer.from('b')] },
    timestamp: 1
  }
  expect(deadLetterOf(record, facts)).toEqual({
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
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
  const headers = { 'dead-letter-code': Buffer.from('EARLIER') }
  const letter = deadLetterOf({ offset: 1, key: null, value: null, headers, timestamp: 1 }, facts)
  expect(letter.key).toBeNull()
  expect(letter.value).toBeNull()
  expect(letter.headers).toMatchObject({ 'dead-letter-code': 'TypeError' })
})
