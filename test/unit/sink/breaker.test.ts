import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker, type Counted, type Trip } from '../../../sink/intake/breaker.ts'

const entry = (topic: string, good: number, bad: number, duplicates = 0): Counted => ({
  chunk: { topic },
  rows: good,
  duplicates,
  quarantined: bad
})

/** Lays the entries of one topic out as single records, and cuts them where a window is full. */
function plainly(entries: readonly Counted[], windowRecords: number): Trip | undefined {
  let window: boolean[] = []
  for (const { chunk, rows, duplicates, quarantined } of entries) {
    window.push(...Array<boolean>(rows + duplicates).fill(true), ...Array<boolean>(quarantined).fill(false))
    if (window.length < windowRecords) continue
    const bad = window.filter(good => !good).length
    if (bad > window.length - bad) return { topic: chunk.topic, records: window.length, bad }
    window = []
  }
  return undefined
}

describe('the breaker', () => {
  it('agrees with a plain count of every topic', () => {
    const counted = fc.record({
      chunk: fc.record({ topic: fc.constantFrom('a', 'b', 'c') }),
      rows: fc.nat(6),
      duplicates: fc.nat(2),
      quarantined: fc.nat(8)
    })
    const batches = fc.array(fc.array(counted, { maxLength: 5 }), { maxLength: 12 })
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 30 }), (given, windowRecords) => {
        const breaker = new Breaker(windowRecords)
        const trips = given.flatMap(batch => breaker.count(batch))
        const byTopic = Map.groupBy(given.flat(), ({ chunk }) => chunk.topic)
        const expected = [...byTopic.values()].flatMap(entries => plainly(entries, windowRecords) ?? [])
        const sorted = (list: readonly Trip[]) => list.toSorted((a, b) => a.topic.localeCompare(b.topic))
        expect(sorted(trips)).toEqual(sorted(expected))
      })
    )
  })

  it('trips at more than half, not at half', () => {
    expect(new Breaker(10).count([entry('a', 5, 5)])).toEqual([])
    expect(new Breaker(10).count([entry('a', 4, 5, 1)])).toEqual([])
    expect(new Breaker(10).count([entry('a', 4, 6)])).toEqual([{ topic: 'a', records: 10, bad: 6 }])
  })

  it('waits for a whole window', () => {
    const breaker = new Breaker(10)
    expect(breaker.count([entry('a', 0, 9)])).toEqual([])
    expect(breaker.count([entry('a', 0, 1)])).toEqual([{ topic: 'a', records: 10, bad: 10 }])
  })

  it('trips once, and counts from 0 after a reset', () => {
    const breaker = new Breaker(2)
    expect(breaker.count([entry('a', 0, 2), entry('a', 0, 2)])).toHaveLength(1)
    expect(breaker.count([entry('a', 0, 3)])).toEqual([])
    breaker.forget('a')
    expect(breaker.count([entry('a', 0, 1)])).toEqual([])
    expect(breaker.count([entry('a', 0, 1)])).toEqual([{ topic: 'a', records: 2, bad: 2 }])
  })

  it('forgets a window that is not full', () => {
    const breaker = new Breaker(4)
    breaker.count([entry('a', 0, 3)])
    breaker.forget('a')
    expect(breaker.count([entry('a', 1, 0)])).toEqual([])
  })

  it('is off at 0', () => {
    expect(new Breaker(0).count([entry('a', 0, 10_000)])).toEqual([])
  })
})
