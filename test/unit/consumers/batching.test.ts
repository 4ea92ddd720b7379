import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchDivision } from '../../../consumers/pipeline/batches/batching.ts'
import { runs } from '../../support/properties.ts'

interface Item {
  readonly lane: string
  readonly number: number
}

const lane = (name: string, ...numbers: number[]): Item[] => numbers.map(number => ({ lane: name, number }))
const numbersOf = (items: readonly Item[] | undefined) => items?.map(({ number }) => number)

test('a call that succeeds handles all', () => {
  const items = [...lane('a', 1, 2), ...lane('b', 10)]
  const division = new BatchDivision(items)
  expect(division.next).toEqual(items)
  const { handled, failed, ended } = division.ended({})
  expect([handled, failed]).toEqual([items, []])
  expect(ended).toEqual([
    { lane: 'a', again: [] },
    { lane: 'b', again: [] }
  ])
  expect(division.next).toBeUndefined()
})

test('a marked item and what is after it in its lane are taken on their own, all else is handled', () => {
  const items = [...lane('a', 1, 2, 3), ...lane('b', 10)]
  const division = new BatchDivision(items)
  const { handled, failed, ended } = division.ended({ marked: new Set([items[1] as Item, items[2] as Item]) })
  expect([handled, failed].map(numbersOf)).toEqual([[1, 10], [2]])
  expect(ended.map(end => [end.lane, numbersOf(end.again)])).toEqual([
    ['a', [2, 3]],
    ['b', []]
  ])
})

test('a call that fails is divided in halves, and what fails alone is taken on its own', () => {
  const items = [...lane('a', 1), ...lane('b', 10), ...lane('c', 20), ...lane('d', 30)]
  const division = new BatchDivision(items)
  const calls: unknown[] = []
  const failed: Item[] = []
  for (let part = division.next; part; part = division.next) {
    calls.push(numbersOf(part))
    failed.push(...division.ended({ isFailed: part.some(({ number }) => number === 20) }).failed)
  }
  expect(calls).toEqual([[1, 10, 20, 30], [1, 10], [20, 30], [20], [30]])
  expect(numbersOf(failed)).toEqual([20])
})

test('what is left of a failed call after its marks is called with again, whole', () => {
  const items = [...lane('a', 1), ...lane('b', 10), ...lane('c', 20)]
  const division = new BatchDivision(items)
  expect(division.ended({ isFailed: true, marked: new Set([items[0] as Item]) }).handled).toEqual([])
  expect(numbersOf(division.next)).toEqual([10, 20])
})

test('an item that fails after a later one of its lane was marked comes before it', () => {
  const items = [...lane('a', 1, 2)]
  const division = new BatchDivision(items)
  expect(division.ended({ isFailed: true, marked: new Set([items[1] as Item]) }).ended).toEqual([])
  expect(division.ended({ isFailed: true }).ended.map(({ again }) => numbersOf(again))).toEqual([[1, 2]])
})

test('whatever fails: every item ends once, in order, and those that cannot succeed delay no other lane', () => {
  const batch = fc.array(
    fc.record({ lane: fc.integer({ min: 0, max: 4 }), isBad: fc.boolean(), marks: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 40
    }
  )
  fc.assert(
    fc.property(batch, fc.boolean(), (given, markedAreThrown) => {
      const items = given
        .map((each, number) => ({ ...each, lane: `lane ${each.lane}`, number }))
        .toSorted((one, other) => one.lane.localeCompare(other.lane) || one.number - other.number)
      const division = new BatchDivision(items)
      const handled = new Map<string, number[]>()
      const ends = new Map<string, readonly number[]>()
      let calls = 0
      for (let part = division.next; part; part = division.next) {
        calls += 1
        const bad = part.filter(({ isBad }) => isBad)
        const marked = new Set(bad.filter(({ marks }) => marks))
        const isFailed = bad.some(({ marks }) => !marks) || (markedAreThrown && marked.size > 0)
        const step = division.ended({ marked, isFailed })
        for (const item of step.handled) {
          expect(ends.has(item.lane)).toBe(false)
          expect(item.isBad).toBe(false)
          handled.set(item.lane, [...(handled.get(item.lane) ?? []), item.number])
        }
        for (const item of step.failed) expect(item.isBad).toBe(true)
        for (const { lane: name, again } of step.ended) {
          expect(ends.has(name)).toBe(false)
          ends.set(
            name,
            again.map(({ number }) => number)
          )
        }
      }
      // Halves down to single items: at most one call for each node of a binary tree.
      expect(calls).toBeLessThan(2 * items.length + 1)
      for (const name of new Set(items.map(item => item.lane))) {
        const own = items.filter(item => item.lane === name)
        const firstBad = own.findIndex(({ isBad }) => isBad)
        const good = (firstBad < 0 ? own : own.slice(0, firstBad)).map(({ number }) => number)
        expect(handled.get(name) ?? []).toEqual(good)
        expect([...(handled.get(name) ?? []), ...(ends.get(name) ?? [])]).toEqual(own.map(({ number }) => number))
      }
    }),
    { numRuns: runs(500) }
  )
})
