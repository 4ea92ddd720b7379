import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { compareStretch } from '../../../../audit/watch/compare.ts'
import type { Doubt } from '../../../../audit/watch/seen.ts'
import { leafOf } from '../../../../proof/index.ts'
import { madeRecord, madeRecords, recordTime, seenOf, stretchOf } from '../../../support/audit/watching.ts'

const records = madeRecords(10, 49)
const [first, second, third] = records as [(typeof records)[0], (typeof records)[0], (typeof records)[0]]
const without = (...gone: typeof records) => records.filter(each => !gone.includes(each))
const duplicate = ({ offset, id }: typeof first) => ({ kind: 'duplicate', offset, id }) as const
const digest = leafOf(Buffer.from('a record'))
const quarantined = (offset: number, code = 'DECODE_FAILED') =>
  ({ kind: 'quarantined', offset, last: offset, code, digest }) as const
const bad = (offset: number) => ({ offset, last: offset, code: 'DECODE_FAILED', digest, time: recordTime })
const doubts = (...of: readonly (readonly [number, Doubt])[]) => new Map(of)

describe('a stretch that says what Kafka has', () => {
  test('has all records as rows, whichever offsets hold no event', () => {
    expect(compareStretch(stretchOf(records), seenOf(records))).toEqual({ kind: 'same', unread: 0 })
    const some = records.filter(({ offset }) => offset % 3 > 0)
    expect(compareStretch(stretchOf(some, [], { first: 10, last: 60 }), seenOf(some)).kind).toBe('same')
    expect(compareStretch(stretchOf([], [], { first: 5, last: 9 }), seenOf([])).kind).toBe('same')
  })

  test('has bad records in quarantine', () => {
    const stretch = stretchOf(without(second), [quarantined(second.offset)])
    expect(compareStretch(stretch, seenOf(without(second), { bad: [bad(second.offset)] }))).toEqual({
      kind: 'same',
      unread: 0
    })
  })

  test('has duplicates that were read before, or that are found by trying; the latter are the word of the sink', () => {
    const stretch = stretchOf(without(second), [duplicate(second)])
    const known = doubts([second.offset, { kind: 'duplicate' }])
    expect(compareStretch(stretch, seenOf(records, { doubts: known }))).toEqual({ kind: 'same', unread: 0 })
    expect(compareStretch(stretch, seenOf(records))).toEqual({ kind: 'same', unread: 1 })
    const run = stretchOf(without(second, third), [duplicate(second), duplicate(third)])
    expect(compareStretch(run, seenOf(records))).toEqual({ kind: 'same', unread: 2 })
    expect(compareStretch(stretchOf([], records.map(duplicate)), seenOf(records))).toEqual({ kind: 'same', unread: 40 })
  })

  test('has conflicts, and what Postgres refuses, in quarantine', () => {
    const conflict = { kind: 'quarantined', code: 'CONFLICT', digest } as const
    const stretch = stretchOf(without(first, third), [duplicate(first), quarantined(third.offset, 'CONFLICT')])
    const known = doubts([first.offset, { kind: 'duplicate' }], [third.offset, conflict])
    expect(compareStretch(stretch, seenOf(records, { doubts: known }))).toEqual({ kind: 'same', unread: 0 })
  })

  test('has offsets at its head that Kafka has lost', () => {
    const lost = { kind: 'lost', offset: 3, last: 9 } as const
    expect(compareStretch(stretchOf(records, [lost], { first: 3 }), seenOf(records)).kind).toBe('same')
  })
})

describe('a stretch that says something else', () => {
  const differs = (code: string) => ({ kind: 'differs', code, words: expect.any(String) })

  test('has another row, or two in another order', () => {
    const other = stretchOf([...without(second), madeRecord(second.offset)].sort((a, b) => a.offset - b.offset))
    expect(compareStretch(other, seenOf(records))).toEqual(differs('ROWS_CHANGED'))
    expect(compareStretch(stretchOf([second, first, ...records.slice(2)]), seenOf(records))).toEqual(
      differs('ROWS_CHANGED')
    )
  })

  test('leaves a record out: as an offset without an event, or as one that was lost', () => {
    expect(compareStretch(stretchOf(without(second)), seenOf(records))).toEqual(differs('RECORD_LEFT_OUT'))
    const lost = { kind: 'lost', offset: first.offset, last: first.offset } as const
    expect(compareStretch(stretchOf(without(first), [lost]), seenOf(records))).toEqual(differs('RECORD_LEFT_OUT'))
    expect(compareStretch(stretchOf(records), seenOf(records, { bad: [bad(9)] }))).toEqual(differs('RECORD_LEFT_OUT'))
  })

  test('has rows that Kafka does not have, or of records that are no events', () => {
    expect(compareStretch(stretchOf(records), seenOf(without(third)))).toEqual(differs('ROW_ADDED'))
    const made = seenOf(without(third), { bad: [bad(third.offset)] })
    expect(compareStretch(stretchOf(records), made)).toEqual(differs('ROW_ADDED'))
  })

  test('has another duplicate or another record in quarantine than it says', () => {
    const unknown = stretchOf(without(second), [duplicate({ ...second, id: randomUUID() })])
    expect(compareStretch(unknown, seenOf(records))).toEqual(differs('LIST_CHANGED'))
    const code = stretchOf(without(second), [quarantined(second.offset, 'SCHEMA_UNKNOWN')])
    expect(compareStretch(code, seenOf(without(second), { bad: [bad(second.offset)] }))).toEqual(
      differs('LIST_CHANGED')
    )
    const rows = stretchOf([...without(second, third), madeRecord(60)], [duplicate(second)], {
      last: third.offset + 37
    })
    expect(compareStretch({ ...rows, rows: 39 }, seenOf(records))).toEqual(differs('ROWS_CHANGED'))
  })
})

test('no list is tried where each has too many bad records', () => {
  const many = Array.from({ length: 6_000 }, (_, index) => bad(100 + index))
  const lines = many.map(({ offset }) => quarantined(offset))
  const stretch = stretchOf(without(second), [duplicate(second), ...lines])
  expect(compareStretch(stretch, seenOf(records, { bad: many }))).toMatchObject({ kind: 'open' })
  const known = doubts([second.offset, { kind: 'duplicate' }])
  expect(compareStretch(stretch, seenOf(records, { bad: many, doubts: known })).kind).toBe('same')
})

test('a record in quarantine that can be an event says nothing: which one it is cannot be known', () => {
  const stretch = stretchOf(without(second), [quarantined(second.offset, 'CONFLICT')])
  expect(compareStretch(stretch, seenOf(records))).toMatchObject({ kind: 'open' })
})
