import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { nameOfLetter, redrivenRecord } from '../../../../consumers/index.ts'
import { aggregateDigest, letterFactsOf, letterNameOf } from '../../../../operations/dead-letters/letter.ts'
import { SentInLog } from '../../../../operations/dead-letters/redrive/outgoing.ts'

const record = (headers: readonly (readonly [string, string | null])[], more: object = {}) => ({
  offset: 17,
  key: Buffer.from('jane@example.org'),
  value: Buffer.from('content'),
  headers: headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const),
  timestamp: Date.parse('2026-11-27T04:00:00Z'),
  ...more
})
const whole = [
  ['source', 'orders'],
  ['dead-letter-topic', 'p.order.placed'],
  ['dead-letter-partition', '3'],
  ['dead-letter-offset', '104512'],
  ['dead-letter-code', 'ECONNRESET'],
  ['dead-letter-attempts', '5'],
  ['dead-letter-version', '1.2.3'],
  ['dead-letter-policy', 'park'],
  ['dead-letter-first-failure', '2026-11-27T03:59:00Z'],
  ['redrive-of', 'abc/12'],
  ['redrive-action', '7'],
  ['redrive-count', '2']
] as const

test('the catalogue takes the headers of a letter, and of its key a digest', () => {
  const facts = letterFactsOf(record(whole))
  expect(facts).toEqual({
    offset: 17,
    at: new Date('2026-11-27T04:00:00Z'),
    source: { topic: 'p.order.placed', partition: 3, offset: 104_512 },
    code: 'ECONNRESET',
    attempts: 5,
    version: '1.2.3',
    policy: 'park',
    firstFailure: new Date('2026-11-27T03:59:00Z'),
    aggregate: aggregateDigest('jane@example.org'),
    bytes: 23,
    truncated: false,
    redriveOf: { topicId: 'abc', offset: 12 },
    redriveAction: 7,
    redriveCount: 2
  })
  expect(JSON.stringify(facts)).not.toMatch(/jane|content/)
})

test('a key that was left out has the digest that its letter names', () => {
  const sha256 = createHash('sha256').update('jane@example.org').digest('hex')
  const { aggregate } = letterFactsOf(record([['dead-letter-key-sha256', sha256]], { key: null }))
  expect(aggregate).toEqual(aggregateDigest('jane@example.org'))
})

test.each([
  [[]],
  [
    [
      ['dead-letter-partition', '99999999999'],
      ['dead-letter-topic', 'a'],
      ['dead-letter-offset', '1']
    ]
  ],
  [
    [
      ['dead-letter-topic', null],
      ['dead-letter-code', '\0'],
      ['redrive-count', '-1'],
      ['redrive-of', 'a/b/c']
    ]
  ],
  [
    [
      ['dead-letter-first-failure', 'yesterday'],
      ['dead-letter-attempts', '5e9']
    ]
  ]
] as const)('a record that anyone may have written does no harm: %j', headers => {
  const facts = letterFactsOf(record(headers, { timestamp: -1 }))
  expect(facts).toMatchObject({ source: undefined, code: 'UNKNOWN', redriveOf: undefined, redriveCount: 0 })
  expect(facts.firstFailure).toBeUndefined()
})

test('names of letters are read as they are written', () => {
  expect(letterNameOf(nameOfLetter({ topicId: 'kAf-_ka', offset: 12 }))).toEqual({ topicId: 'kAf-_ka', offset: 12 })
  for (const wrong of [undefined, '', 'a', 'a/', 'a/-1', 'a/1/2']) expect(letterNameOf(wrong)).toBeUndefined()
})

test('a redriven letter has its bytes and headers as they are, and of an earlier redrive none', () => {
  const letter = record([...whole, ['source', 'again'], ['nothing', null]])
  const sent = redrivenRecord(letter, { topicId: 'xyz', action: 9, redriveCount: 2 })
  expect([sent.key, sent.value]).toEqual([letter.key, letter.value])
  expect(sent.headers).toEqual([
    ...letter.headers.filter(([name]) => !name.startsWith('redrive-')),
    ['redrive-of', 'xyz/17'],
    ['redrive-action', '9'],
    ['redrive-count', '3']
  ])
})

test('what an action has sent is found by its number and the topic of its letters', () => {
  const sent = new SentInLog('xyz', 9)
  const header = (name: string, value: string) => [name, Buffer.from(value)] as const
  const take = (offset: number, ...headers: (readonly [string, Buffer])[]) =>
    sent.take(2, { offset, key: null, headers })
  take(1, header('redrive-of', 'xyz/4'), header('redrive-action', '9'))
  take(2, header('redrive-of', 'xyz/5'), header('redrive-action', '8'))
  take(3, header('redrive-of', 'old/6'), header('redrive-action', '9'))
  take(4, header('redrive-action', '9'), header('redrive-end', '12'), header('dead-letter-topic', 'a.b'))
  expect([...sent.letters]).toEqual([[4, { partition: 2, offset: 1 }]])
  expect([...sent.markers.keys()]).toEqual(['a.b  12'])
})
