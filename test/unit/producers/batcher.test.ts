import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batch, Batcher, type Item } from '../../../producers/dispatch/batcher.ts'
import { runs } from '../../support/properties.ts'

interface TestItem extends Item {
  readonly number: number
  readonly lane: number
  done: boolean
}

const item = (number: number, facts: Partial<TestItem> = {}): TestItem => ({
  number,
  lane: 0,
  bytes: 10,
  deadline: 1_000_000,
  done: false,
  ...facts
})
const batcher = (options = {}) => new Batcher<TestItem>({ lingerMs: 5, maxBytes: 100, maxRecords: 4, ...options })
const numbers = (batch: Batch<TestItem> | undefined) => batch?.items.map(each => each.number)
const takeAll = (from: Batcher<TestItem>, now: number) => [...from.due(now)].flatMap(lane => from.take(lane, now) ?? [])

describe('when a batch is due', () => {
  it('is at once for the first, and the linger after that for the next', () => {
    const under = batcher()
    expect(under.add('t', 0, item(1))).toBe(false)
    expect(takeAll(under, 100).map(numbers)).toEqual([[1]])
    under.add('t', 1, item(2))
    under.add('u', 0, item(3))
    expect([...under.due(104)]).toEqual([])
    expect([under.wakeAt(104), under.lingersUntil]).toEqual([105, 105])
    expect(takeAll(under, 105).map(numbers)).toEqual([[2], [3]])
    under.add('t', 1, item(4))
    expect(under.lingersUntil).toBe(110)
  })

  it('goes at once when it is full by count or by bytes, and says so once', () => {
    const byCount = batcher()
    expect([1, 2, 3, 4, 5].map(number => byCount.add('t', 0, item(number)))).toEqual([false, false, false, true, false])
    expect(takeAll(byCount, 0).map(numbers)).toEqual([[1, 2, 3, 4]])
    const byBytes = batcher()
    expect([60, 39, 1].map((bytes, number) => byBytes.add('t', 0, item(number, { bytes })))).toEqual([
      false,
      false,
      true
    ])
  })

  it('lets an item that is larger than a batch go alone', () => {
    const under = batcher()
    for (const [number, bytes] of [10, 500, 10].entries()) under.add('t', 0, item(number, { bytes }))
    const first = takeAll(under, 0)
    expect(first.map(numbers)).toEqual([[0]])
    under.stored(first[0] as Batch<TestItem>)
    const second = takeAll(under, 0)
    expect(second.map(numbers)).toEqual([[1]])
  })

  it('waits for nothing while it is flushing', () => {
    const under = batcher()
    under.add('t', 0, item(1))
    takeAll(under, 0)
    under.add('t', 1, item(2))
    expect(takeAll(under, 1)).toEqual([])
    under.flushing = true
    expect(takeAll(under, 1).map(numbers)).toEqual([[2]])
  })

  it('has one batch of a partition under way, and lets other partitions continue', () => {
    const under = batcher({ lingerMs: 0 })
    under.add('t', 0, item(1))
    const [first] = takeAll(under, 0)
    under.add('t', 0, item(2))
    under.add('t', 1, item(3))
    under.add('u', 0, item(4))
    expect(takeAll(under, 1).map(numbers)).toEqual([[3], [4]])
    under.stored(first as Batch<TestItem>)
    expect(takeAll(under, 1).map(numbers)).toEqual([[2]])
  })
})

describe('when a batch fails', () => {
  it('goes again exactly as it was once it may have been sent, before anything later', () => {
    const under = batcher({ lingerMs: 0 })
    under.add('t', 0, item(1))
    const [batch] = takeAll(under, 0) as [Batch<TestItem>]
    under.add('t', 0, item(2))
    batch.sent = true
    under.again(batch, 50)
    expect(takeAll(under, 49)).toEqual([])
    expect(under.wakeAt(10)).toBe(50)
    expect(takeAll(under, 50)).toEqual([batch])
  })

  it('gathers again when nothing was sent, in the old order', () => {
    const under = batcher({ lingerMs: 0 })
    under.add('t', 0, item(1))
    const [batch] = takeAll(under, 0) as [Batch<TestItem>]
    batch.attempts = 1
    under.add('t', 0, item(2))
    under.again(batch, 50)
    const [second] = takeAll(under, 50)
    expect(numbers(second)).toEqual([1, 2])
    expect(second?.attempts).toBe(1)
  })

  it('goes in halves when it was too large', () => {
    const under = batcher({ lingerMs: 0 })
    for (let number = 0; number < 4; number += 1) under.add('t', 0, item(number))
    const [batch] = takeAll(under, 0) as [Batch<TestItem>]
    under.split(batch)
    const [half] = takeAll(under, 0) as [Batch<TestItem>]
    expect(numbers(half)).toEqual([0, 1])
    under.stored(half)
    expect(takeAll(under, 0).map(numbers)).toEqual([[2, 3]])
  })

  it('goes back to full batches once the one that was too large is found', () => {
    const under = batcher({ lingerMs: 0 })
    for (let number = 0; number < 10; number += 1) under.add('t', 0, item(number))
    const next = () => takeAll(under, 0)[0] as Batch<TestItem>
    under.split(next())
    under.split(next())
    const alone = next()
    expect(numbers(alone)).toEqual([0])
    under.giveUp(alone)
    expect(numbers(next())).toEqual([1, 2, 3, 4])
  })
})

describe('past the deadline', () => {
  it('says which items never left, and drops them', () => {
    const under = batcher({ lingerMs: 0 })
    const [early, late] = [item(1, { deadline: 10 }), item(2, { deadline: 20 })]
    under.add('t', 0, early)
    under.add('t', 0, late)
    expect([...under.late(9)]).toEqual([])
    expect([...under.late(10)]).toEqual([{ item: early, sent: false }])
    early.done = true
    expect([...under.abandoned()]).toEqual([])
    const [batch] = takeAll(under, 10) as [Batch<TestItem>]
    expect(numbers(batch)).toEqual([2])
    expect([...under.late(20)]).toEqual([{ item: late, sent: false }])
    batch.sent = true
    expect([...under.late(20)]).toEqual([{ item: late, sent: true }])
  })

  it('gives up a batch that must be repeated only when no caller waits for any of it', () => {
    const under = batcher({ lingerMs: 0 })
    const items = [item(1, { deadline: 10 }), item(2, { deadline: 20 })]
    for (const each of items) under.add('t', 0, each)
    const [batch] = takeAll(under, 0) as [Batch<TestItem>]
    batch.sent = true
    under.again(batch, 1_000)
    ;(items[0] as TestItem).done = true
    expect([...under.abandoned()]).toEqual([])
    ;(items[1] as TestItem).done = true
    expect([...under.abandoned()]).toEqual([batch])
    expect(under.wakeAt(0)).toBeUndefined()
    under.add('t', 0, item(3))
    expect(takeAll(under, 30).map(numbers)).toEqual([[3]])
  })
})

/** A run of the batcher against a broker that stores, refuses or loses, as the commands say. */
type Step =
  | { kind: 'add'; lane: number; bytes: number; lifetime: number }
  | { kind: 'send' }
  | { kind: 'answer'; lane: number; how: 'stored' | 'not sent' | 'no answer' | 'too large' }
  | { kind: 'wait'; ms: number }
  | { kind: 'sweep' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      lane: fc.nat(2),
      bytes: fc.integer({ min: 1, max: 150 }),
      lifetime: fc.constant(40)
    })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      lane: fc.nat(2),
      how: fc.constantFrom('stored' as const, 'not sent' as const, 'no answer' as const, 'too large' as const)
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) }
)

describe('any run of it', () => {
  it('keeps the order of each partition, loses nothing, repeats what may be stored, and keeps to its bounds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const under = batcher()
        const flying = new Map<number, Batch<TestItem>>()
        const mustRepeat = new Map<number, readonly TestItem[]>()
        const answered = new Map<number, number[]>()
        const items: TestItem[] = []
        let now = 0
        const send = (): void => {
          for (const lane of [...under.due(now)]) {
            expect(flying.has(lane.partition)).toBe(false)
            const batch = under.take(lane, now)
            if (!batch) continue
            const repeated = mustRepeat.get(batch.partition)
            if (repeated) expect(batch.items).toEqual(repeated)
            expect(batch.items.length).toBeLessThanOrEqual(4)
            const bytes = batch.items.reduce((sum, each) => sum + each.bytes, 0)
            if (batch.items.length > 1) expect(bytes).toBeLessThanOrEqual(100)
            flying.set(batch.partition, batch)
          }
        }
        const answer = (lane: number, how: 'stored' | 'not sent' | 'no answer' | 'too large'): void => {
          const batch = flying.get(lane)
          if (!batch) return
          flying.delete(lane)
          mustRepeat.delete(lane)
          if (how === 'stored') {
            under.stored(batch)
            for (const each of batch.items) {
              if (!each.done) answered.set(lane, [...(answered.get(lane) ?? []), each.number])
              each.done = true
            }
          } else if (how === 'too large' && batch.items.length > 1 && !batch.sent) under.split(batch)
          else {
            batch.sent ||= how === 'no answer'
            if (batch.sent) mustRepeat.set(lane, batch.items)
            under.again(batch, now + 3)
          }
        }
        const sweep = (): void => {
          for (const { item: each } of [...under.late(now)]) {
            expect(each.deadline).toBeLessThanOrEqual(now)
            each.done = true
          }
          for (const batch of [...under.abandoned()]) mustRepeat.delete(batch.partition)
        }
        for (const each of steps) {
          if (each.kind === 'add') {
            const added = item(items.length, { lane: each.lane, bytes: each.bytes, deadline: now + each.lifetime })
            items.push(added)
            under.add('t', each.lane, added)
          } else if (each.kind === 'send') send()
          else if (each.kind === 'answer') answer(each.lane, each.how)
          else if (each.kind === 'wait') now += each.ms
          else sweep()
        }
        // Whatever happened: with a broker that answers, everything that is wanted comes out, in order.
        under.flushing = true
        for (let round = 0; round <= items.length * 2 + 2; round += 1) {
          now += 3
          for (const lane of [...flying.keys()]) answer(lane, 'stored')
          send()
        }
        expect(items.every(each => each.done)).toBe(true)
        expect(under.wakeAt(now)).toBeUndefined()
        for (const order of answered.values()) expect(order).toEqual([...order].sort((one, other) => one - other))
      }),
      { numRuns: runs(300) }
    )
  })
})
