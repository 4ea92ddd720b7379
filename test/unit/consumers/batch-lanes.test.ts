import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AggregateLanes, type Slot } from '../../../consumers/pipeline/aggregate-lanes.ts'
import { type Clock, machineClock } from '../../../core/index.ts'
import { runs } from '../../support/properties.ts'

interface Item {
  readonly lane: string
  readonly number: number
}

interface Batch {
  readonly items: readonly Item[]
  readonly slot: Slot<Item>
  readonly end: () => void
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

/** Lanes with batches that end when the test says so, and a clock that it moves. */
function controlled({ concurrency = 1, maxItems = 4, maxWaitMs = 0, mostResting = 1_000 } = {}) {
  const running = new Set<Batch>()
  const started: (readonly Item[])[] = []
  const due: { at: number; work: () => void }[] = []
  let time = 0
  const clock: Clock = {
    ...machineClock,
    monotonic: () => time,
    after(ms, work) {
      const timer = { at: time + ms, work }
      due.push(timer)
      return () => void due.splice(due.indexOf(timer), 1)
    }
  }
  const advance = async (ms: number): Promise<void> => {
    time += ms
    for (const timer of due.filter(({ at }) => at <= time)) {
      due.splice(due.indexOf(timer), 1)
      timer.work()
    }
    await settle()
  }
  const lanes = new AggregateLanes<Item>({
    concurrency,
    mostResting,
    clock,
    batchingOf: ({ lane }) => (lane.startsWith('single') ? undefined : { name: 'batches', maxItems, maxWaitMs }),
    work: (items, slot) => {
      started.push(items)
      return new Promise<void>(resolve => {
        const batch = {
          items,
          slot,
          end: () => {
            running.delete(batch)
            resolve()
          }
        }
        running.add(batch)
      })
    },
    onError: error => expect.unreachable(String(error))
  })
  const numbers = () => started.map(items => items.map(({ number }) => number))
  return { lanes, running, started, numbers, advance }
}

const items = (lane: string, ...numbers: number[]): Item[] => numbers.map(number => ({ lane, number }))
const first = <T>(values: Iterable<T>): T => [...values][0] as T

test('a batch has the heads of many lanes, those of one lane in their order, and takes these lanes', async () => {
  const { lanes, numbers, running } = controlled({ concurrency: 2, maxItems: 4 })
  lanes.add([...items('a', 1, 2, 3), ...items('b', 10), ...items('c', 20, 21)])
  expect(numbers()).toEqual([
    [1, 2, 3, 10],
    [20, 21]
  ])
  lanes.add([...items('a', 4), ...items('d', 30)])
  expect(lanes.running).toBe(6)
  expect(lanes.queued).toBe(2)
  first(running).end()
  await settle()
  expect(numbers().at(-1)).toEqual([30, 4])
})

test('a lane that has more than fits waits for its next turn with the rest', async () => {
  const { lanes, numbers, running } = controlled({ maxItems: 3 })
  lanes.add([...items('a', 1, 2, 3, 4, 5), ...items('b', 10)])
  first(running).end()
  await settle()
  first(running).end()
  await settle()
  expect(numbers()).toEqual([
    [1, 2, 3],
    [10, 4, 5]
  ])
})

test('lanes whose items go one by one take turns with those of batches', async () => {
  const { lanes, numbers, running } = controlled({ maxItems: 2 })
  lanes.add([...items('single', 1, 2), ...items('a', 10, 11, 12)])
  for (let ended = 0; ended < 3; ended += 1) {
    first(running).end()
    await settle()
  }
  expect(numbers()).toEqual([[1], [10, 11], [2], [12]])
})

test('a released lane continues while the rest of its batch still runs', async () => {
  const { lanes, numbers, running } = controlled({ concurrency: 2 })
  lanes.add([...items('a', 1), ...items('b', 10)])
  lanes.add(items('a', 2))
  first(running).slot.release('a')
  expect(numbers()).toEqual([[1, 10], [2]])
  expect(lanes.running).toBe(2)
  for (const { end } of [...running]) end()
  await lanes.idle()
  expect(lanes.running).toBe(0)
})

test('what comes again comes before the rest of its lane, each on its own', async () => {
  const { lanes, numbers, running } = controlled({ concurrency: 1, maxItems: 10 })
  lanes.add([...items('a', 1, 2), ...items('b', 10)])
  lanes.add([...items('a', 3, 4)])
  const batch = first(running)
  batch.slot.release('a', items('a', 1, 2))
  batch.end()
  for (let ended = 0; ended < 3; ended += 1) {
    await settle()
    first(running).end()
  }
  expect(numbers()).toEqual([[1, 2, 10], [1], [2], [3, 4]])
})

test('a batch waits at most so long for more, and not once it is full', async () => {
  const { lanes, numbers, advance, running } = controlled({ concurrency: 3, maxItems: 3, maxWaitMs: 50 })
  lanes.add(items('a', 1))
  await advance(20)
  lanes.add(items('b', 10))
  expect(numbers()).toEqual([])
  await advance(30)
  expect(numbers()).toEqual([[1, 10]])
  lanes.add([...items('c', 20, 21), ...items('d', 30)])
  expect(numbers()).toEqual([
    [1, 10],
    [20, 21, 30]
  ])
  lanes.add(items('e', 40))
  await advance(49)
  expect(running.size).toBe(2)
  await advance(1)
  expect(running.size).toBe(3)
})

test('nothing that waits for more is started after a stop', async () => {
  const { lanes, numbers, advance } = controlled({ maxItems: 3, maxWaitMs: 50 })
  lanes.add(items('a', 1))
  lanes.stop()
  await advance(100)
  expect(numbers()).toEqual([])
  await lanes.idle()
})

test('drops what waits, also of what was to come again', async () => {
  const { lanes, numbers, running } = controlled({ maxItems: 10 })
  lanes.add(items('a', 1, 2))
  const batch = first(running)
  lanes.add(items('a', 3, 4))
  batch.slot.release('a', items('a', 1, 2))
  expect(lanes.queued).toBe(4)
  expect(lanes.remove(({ number }) => number === 1 || number === 3)).toBe(2)
  batch.end()
  await settle()
  expect(numbers()).toEqual([[1, 2], [2]])
  first(running).end()
  await settle()
  expect(numbers().at(-1)).toEqual([4])
  expect(lanes.queued).toBe(0)
})

test('the items of a batch that rests count, so that few are started while a server is away', async () => {
  const { lanes, running, started } = controlled({ concurrency: 2, maxItems: 5, mostResting: 12 })
  lanes.add(Array.from({ length: 50 }, (_, number) => ({ lane: `lane ${number}`, number })))
  const back = Promise.withResolvers<void>()
  for (let at = 0; at < started.length; at += 1) {
    void [...running][at]?.slot.rest(() => back.promise)
    await settle()
  }
  expect(started.map(({ length }) => length)).toEqual([5, 5, 5, 5])
  expect(lanes.queued).toBe(30)
})

test('whatever happens: one batch has a lane at a time, each lane is in order, and every item ends', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        lanes: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 })
      })
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(), from: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }) }
  )
  const options = fc.record({
    concurrency: fc.integer({ min: 1, max: 4 }),
    maxItems: fc.integer({ min: 2, max: 6 }),
    maxWaitMs: fc.constantFrom(0, 20)
  })
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
      const { lanes, running, advance } = controlled(limits)
      const ended = new Map<string, number[]>()
      const open = new Map<Batch, Item[]>()
      const finish = (batch: Batch, those: readonly Item[]) => {
        for (const { lane, number } of those) ended.set(lane, [...(ended.get(lane) ?? []), number])
        open.set(
          batch,
          (open.get(batch) ?? [...batch.items]).filter(item => !those.includes(item))
        )
      }
      let number = 0
      for (const each of steps) {
        const batches = [...running]
        const batch = batches.length > 0 && 'pick' in each ? batches[each.pick % batches.length] : undefined
        const left = batch && (open.get(batch) ?? [...batch.items])
        if (each.kind === 'add')
          lanes.add(each.lanes.map(lane => ({ lane: lane === 0 ? 'single' : `lane ${lane}`, number: number++ })))
        else if (each.kind === 'wait') await advance(each.ms)
        else if (batch && left && each.kind === 'end') {
          finish(batch, left)
          batch.end()
        } else if (batch && left && each.kind === 'release' && left.length > 0) {
          // Some of a lane have ended, the rest is to come again.
          const { lane } = left[each.from % left.length] as Item
          const own = left.filter(item => item.lane === lane)
          const kept = own.slice(each.from % (own.length + 1))
          finish(batch, own.slice(0, own.length - kept.length))
          open.set(
            batch,
            (open.get(batch) as Item[]).filter(item => item.lane !== lane)
          )
          batch.slot.release(lane, kept)
        }
        await settle()
        const taken = [...running].flatMap(one => [...new Set((open.get(one) ?? one.items).map(({ lane }) => lane))])
        expect(new Set(taken).size).toBe(taken.length)
        expect(running.size).toBeLessThanOrEqual(limits.concurrency)
        for (const { items: those } of running) expect(those.length).toBeLessThanOrEqual(limits.maxItems)
        const runningItems = [...running].flatMap(one => open.get(one) ?? one.items).length
        expect(lanes.running).toBe(runningItems)
      }
      for (let left = 0; left < 1_000 && lanes.queued + running.size > 0; left += 1) {
        for (const batch of [...running]) {
          finish(batch, open.get(batch) ?? batch.items)
          batch.end()
        }
        await advance(20)
      }
      await lanes.idle()
      expect([...ended.values()].flat()).toHaveLength(number)
      for (const numbers of ended.values()) expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
    }),
    { numRuns: runs(80) }
  )
})
