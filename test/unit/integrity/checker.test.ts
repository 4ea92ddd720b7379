import { describe, expect, test } from 'vitest'
import { type CheckOptions, check, type ViolationKind } from '../../integrity/harness/check/checker.ts'
import type { Evidence, LedgerRange, Published, StoredRow } from '../../integrity/harness/check/facts.ts'

const topic = 'badge.awarded'
const aggregateId = 'one aggregate'
const event = (number: number, facts: Partial<Published> = {}): Published => ({
  id: `event ${number}`,
  aggregateId,
  topic,
  outcome: 'stored',
  place: { partition: 0, offset: number },
  content: `content ${number}`,
  order: number,
  ...facts
})
const row = (number: number, facts: Partial<StoredRow> = {}): StoredRow => ({
  id: `event ${number}`,
  aggregateId,
  topic,
  partition: 0,
  offset: number,
  content: `content ${number}`,
  ...facts
})
const range = (first: number, last: number, facts: Partial<LedgerRange> = {}): LedgerRange => ({
  topic,
  partition: 0,
  incarnation: 1,
  first,
  last,
  rows: last - first + 1,
  duplicates: 0,
  quarantined: 0,
  skipped: 0,
  lost: 0,
  ...facts
})

/** Four events that are all well: stored, handled, and known to the ledger. */
const clean: Evidence = {
  published: [0, 1, 2, 3].map(number => event(number)),
  rows: [0, 1, 2, 3].map(number => row(number)),
  nonRows: [],
  gaps: [],
  ledger: [range(0, 1), range(2, 3)],
  logs: [{ topic, partition: 0, start: 0, end: 4 }],
  effects: [
    {
      group: 'indexer',
      topics: [topic],
      handled: [0, 1, 2, 3].map(number => ({ id: `event ${number}`, aggregateId, topic }))
    }
  ]
}
const kinds = (evidence: Evidence, options: CheckOptions = {}): ViolationKind[] =>
  [...new Set(check(evidence, options).map(({ kind }) => kind))].sort()
const handled = (...numbers: number[]): Evidence['effects'] => [
  {
    group: 'indexer',
    topics: [topic],
    handled: numbers.map(number => ({ id: `event ${number}`, aggregateId, topic }))
  }
]

describe('a clean set', () => {
  test('has no violation', () => {
    expect(check(clean)).toEqual([])
  })

  test('may hold what cannot be known: events of unknown outcome that are there, and others that are not', () => {
    const published = [...clean.published.slice(0, 3), event(3, { outcome: 'unknown', place: undefined })]
    expect(check({ ...clean, published: [...published, event(9, { outcome: 'unknown', place: undefined })] })).toEqual(
      []
    )
  })

  test('may hold an event that was sent twice, acknowledged at its second place', () => {
    const published = [event(0), event(1, { place: { partition: 0, offset: 3 } }), event(2)]
    const rows = [row(0), row(1), row(2)]
    const nonRows = [{ kind: 'duplicate', id: 'event 1', topic, partition: 0, offset: 3 } as const]
    const ledger = [range(0, 3, { rows: 3, duplicates: 1 })]
    expect(check({ ...clean, published, rows, nonRows, ledger, effects: handled(0, 1, 2, 1) })).toEqual([])
  })

  test('may hold quarantined records, also such that have no id', () => {
    const nonRows = [
      { kind: 'quarantine', id: null, topic, partition: 0, offset: 2 } as const,
      { kind: 'conflict', id: 'event 3', topic, partition: 0, offset: 3 } as const
    ]
    const ledger = [range(0, 3, { rows: 2, quarantined: 2 })]
    expect(check({ ...clean, rows: [row(0), row(1)], nonRows, ledger })).toEqual([])
  })

  test('may hold offsets without records where the test made them, and those of a recreated log', () => {
    const logs = [{ topic, partition: 0, start: 0, end: 6 }]
    const again = [4, 5].map(number => event(number, { place: { partition: 0, offset: number - 4 } }))
    const ledger = [range(0, 3), range(0, 5, { incarnation: 2, rows: 2, skipped: 4 })]
    const rows = [...clean.rows, row(4, { offset: 0 }), row(5, { offset: 1 })]
    const published = [...clean.published, ...again]
    const effects = handled(0, 1, 2, 3, 4, 5)
    const found = check({ ...clean, published, rows, ledger, logs, effects }, { skippedExpected: true })
    // The order of calls says nothing about two logs.
    expect(found.filter(({ kind }) => kind !== 'order')).toEqual([])
  })

  test('may have a gap where the test made one', () => {
    const evidence = {
      ...clean,
      rows: [row(2), row(3)],
      gaps: [{ topic, partition: 0, first: 0, last: 1 }],
      ledger: [range(0, 3, { rows: 2, lost: 2 })]
    }
    expect(check(evidence, { gapsExpected: true })).toEqual([])
    expect(kinds(evidence)).toEqual(['removed'])
  })
})

const broken: readonly [ViolationKind, string, Evidence][] = [
  [
    'lost',
    'an acknowledged event that is nowhere',
    { ...clean, rows: clean.rows.slice(0, 3), ledger: [range(0, 2)], logs: [{ topic, partition: 0, start: 0, end: 3 }] }
  ],
  [
    'lost',
    'one that was acknowledged without a place and is in no row',
    { ...clean, published: [...clean.published, event(7, { place: undefined })], effects: handled(0, 1, 2, 3, 7) }
  ],
  [
    'other-event',
    'another event at its place',
    {
      ...clean,
      rows: [row(0, { offset: 1 }), row(1, { offset: 0 }), row(2), row(3)].map(own => ({
        ...own,
        aggregateId: own.id
      })),
      published: clean.published.map(own => ({ ...own, aggregateId: own.id })),
      effects: []
    }
  ],
  [
    'counted-twice',
    'a place that is a row and a quarantined record',
    {
      ...clean,
      published: [event(0), event(1), event(2, { outcome: 'unknown', place: undefined }), event(3)],
      rows: [row(0), row(1), row(3)],
      nonRows: [{ kind: 'quarantine', id: 'event 3', topic, partition: 0, offset: 3 }],
      ledger: [range(0, 3, { rows: 3, quarantined: 1 })]
    }
  ],
  [
    'failed-stored',
    'a failed event in a row',
    { ...clean, published: [event(0, { outcome: 'failed' }), ...clean.published.slice(1)], effects: handled(1, 2, 3) }
  ],
  [
    'failed-stored',
    'a failed event in quarantine',
    {
      ...clean,
      published: [...clean.published, event(4, { outcome: 'failed', place: undefined })],
      nonRows: [{ kind: 'quarantine', id: 'event 4', topic, partition: 0, offset: 4 }],
      ledger: [range(0, 3), range(4, 4, { rows: 0, quarantined: 1 })],
      logs: [{ topic, partition: 0, start: 0, end: 5 }]
    }
  ],
  [
    'id-twice',
    'an id in two rows',
    {
      ...clean,
      rows: [...clean.rows, row(3, { offset: 4 })],
      ledger: [range(0, 4)],
      logs: [{ topic, partition: 0, start: 0, end: 5 }]
    }
  ],
  [
    'unpublished',
    'a row that nobody published',
    { ...clean, published: clean.published.slice(1), effects: handled(1, 2, 3) }
  ],
  ['altered', 'another payload', { ...clean, rows: [row(0, { content: 'forged' }), ...clean.rows.slice(1)] }],
  ['altered', 'another aggregate', { ...clean, rows: [row(0, { aggregateId: 'other' }), ...clean.rows.slice(1)] }],
  [
    'duplicate-alone',
    'a duplicate of what is in no row',
    {
      ...clean,
      published: [...clean.published, event(4, { outcome: 'unknown' })],
      nonRows: [{ kind: 'duplicate', id: 'event 4', topic, partition: 0, offset: 4 }],
      ledger: [range(0, 3), range(4, 4, { rows: 0, duplicates: 1 })],
      logs: [{ topic, partition: 0, start: 0, end: 5 }]
    }
  ],
  [
    'order',
    'events of one aggregate in another order',
    { ...clean, published: clean.published.map(own => ({ ...own, order: -own.order })), effects: handled(3, 2, 1, 0) }
  ],
  [
    'ledger-hole',
    'a hole',
    {
      ...clean,
      ledger: [range(0, 1), range(3, 4)],
      rows: [row(0), row(1), row(3), row(4, { id: 'event 2', content: 'content 2' })],
      published: [event(0), event(1), event(2, { place: undefined, order: 9 }), event(3)],
      logs: [{ topic, partition: 0, start: 0, end: 5 }],
      effects: handled(0, 1, 3, 2)
    }
  ],
  ['ledger-overlap', 'an overlap', { ...clean, ledger: [range(0, 2), range(2, 3, { rows: 1, skipped: 1 })] }],
  [
    'ledger-sum',
    'a range longer than what it counts',
    { ...clean, ledger: [range(0, 1), range(2, 4, { rows: 2 })], logs: [{ topic, partition: 0, start: 0, end: 5 }] }
  ],
  [
    'ledger-count',
    'other counts than the tables',
    {
      ...clean,
      rows: [row(0), row(1), row(2)],
      nonRows: [{ kind: 'conflict', id: 'event 3', topic, partition: 0, offset: 3 }]
    }
  ],
  [
    'ledger-count',
    'a loss in the ledger that is not in the list of gaps',
    {
      ...clean,
      published: clean.published.slice(0, 3),
      rows: clean.rows.slice(0, 3),
      ledger: [range(0, 3, { rows: 3, lost: 1 })],
      effects: handled(0, 1, 2)
    }
  ],
  [
    'skipped',
    'an offset that was passed over where every record is an event',
    {
      ...clean,
      published: [event(0), event(1), event(2), event(3, { outcome: 'unknown', place: undefined })],
      rows: clean.rows.slice(0, 3),
      ledger: [range(0, 3, { rows: 3, skipped: 1 })]
    }
  ],
  [
    'log-unread',
    'a log that the trail has not reached the end of',
    { ...clean, logs: [{ topic, partition: 0, start: 0, end: 5 }] }
  ],
  [
    'log-unread',
    'a log that nobody read',
    { ...clean, logs: [...clean.logs, { topic, partition: 1, start: 0, end: 5 }] }
  ],
  ['log-unread', 'a log that ends before the trail', { ...clean, logs: [{ topic, partition: 0, start: 0, end: 3 }] }],
  ['effect-missing', 'an event that was not handled', { ...clean, effects: handled(0, 1, 3) }],
  ['effect-order', 'handled out of order', { ...clean, effects: handled(0, 2, 1, 3) }],
  ['effect-unpublished', 'handled, and nobody sent it', { ...clean, effects: handled(0, 1, 2, 3, 9) }]
]

test.each(broken)('%s: %s', (kind, _, evidence) => {
  expect(kinds(evidence, { skippedExpected: kind !== 'skipped' })).toEqual([kind])
})

test('a coordinate that the ledger does not have is named, and so is what disagrees with it', () => {
  expect(kinds({ ...clean, ledger: [range(0, 2)] })).toEqual(['ledger-count', 'ledger-missing', 'log-unread'])
})

test('every kind has been made', () => {
  const made = new Set<ViolationKind>([...broken.map(([kind]) => kind), 'ledger-missing', 'removed'])
  expect(made.size).toBe(20)
})
