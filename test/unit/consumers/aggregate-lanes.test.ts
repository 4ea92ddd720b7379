import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AggregateLanes, type Slot } from '../../../consumers/pipeline/aggregate-lanes.ts'
import { runs } from '../../support/properties.ts'

interface Item {
  readonly lane: string
  readonly number: number
}

/** A scheduler whose items end when the test says so. */
function controlled(concurrency: number, mostResting = 1_000) {
  const running = new Map<Item, { end: () => void; slot: Slot }>()
  const started: Item[] = []
  const errors: unknown[] = []
  const scheduler = new AggregateLanes<Item>({
    concurrency,
    mostResting,
    work: ([item], slot) => {
      if (!item) throw new Error('no item')
      started.push(item)
      return new Promise<void>(resolve => {
        running.set(item, {
          slot,
          end: () => {
            running.delete(item)
            resolve()
          }
        })
      })
    },
    onError: error => errors.push(error)
  })
  return { scheduler, running, started, errors }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

describe('AggregateLanes', () => {
  test('starts the next item when one ends at once, in turns, and without more slots than there are', () => {
    const ran: string[] = []
    let deepest = 0
    let depth = 0
    const errors: unknown[] = []
    const lanes = new AggregateLanes<Item>({
      concurrency: 1,
      work: ([item]) => {
        depth += 1
        deepest = Math.max(deepest, depth)
        ran.push(`${item?.lane}${item?.number}`)
        // What is added from within comes after what waits.
        if (item?.lane === 'a' && item.number === 1) lanes.add([{ lane: 'a', number: 2 }])
        depth -= 1
        if (item?.lane === 'b') throw new Error('at once')
      },
      onError: error => errors.push(error)
    })
    lanes.add([...'abc'].map(lane => ({ lane, number: 0 })).concat({ lane: 'a', number: 1 }))
    expect(ran).toEqual(['a0', 'b0', 'c0', 'a1', 'a2'])
    expect(deepest).toBe(1)
    expect(errors).toHaveLength(1)
    expect([lanes.running, lanes.queued]).toEqual([0, 0])
  })

  test('keeps the order of lanes where some items end at once, and add or drop others while they arrive', async () => {
    interface Step extends Item {
      readonly does: 'end' | 'wait' | 'rest' | 'add' | 'drop'
    }
    const kinds = fc.constantFrom<Step['does']>('end', 'end', 'end', 'wait', 'rest', 'add', 'drop')
    const item = fc.record({ lane: fc.constantFrom('a', 'b', 'c'), does: kinds })
    const arrivals = fc.array(fc.array(item, { maxLength: 12 }), { maxLength: 6 })
    const run = async (limit: number, portions: readonly (readonly Omit<Step, 'number'>[])[]): Promise<void> => {
      let number = 0
      const numbered = (each: Omit<Step, 'number'>): Step => ({ ...each, number: number++ })
      const open = new Set<string>()
      const ran = new Map<string, number>()
      const added: Step[] = []
      const dropped: Step[] = []
      let droppedBelow = 0
      let seen = 0
      const begin = ({ lane, number }: Step): void => {
        expect(open.has(lane)).toBe(false)
        expect(ran.get(lane) ?? -1).toBeLessThan(number)
        if (lane === 'b') expect(number).toBeGreaterThanOrEqual(droppedBelow)
        open.add(lane)
        ran.set(lane, number)
        seen += 1
        expect(open.size).toBeLessThanOrEqual(limit + resting)
      }
      let resting = 0
      const add = (items: readonly Step[]): void => {
        added.push(...items)
        lanes.add(items)
      }
      const wait = async (lane: string): Promise<void> => {
        await settle()
        open.delete(lane)
      }
      const rest = async (lane: string, slot: Slot): Promise<void> => {
        resting += 1
        await slot.rest(settle)
        resting -= 1
        open.delete(lane)
      }
      const lanes = new AggregateLanes<Step>({
        concurrency: limit,
        work: ([one], slot) => {
          if (!one) throw new Error('no item')
          begin(one)
          if (one.does === 'wait') return wait(one.lane)
          if (one.does === 'rest') return rest(one.lane, slot)
          if (one.does === 'add')
            add([numbered({ lane: one.lane, does: 'end' }), numbered({ lane: 'd', does: 'wait' })])
          if (one.does === 'drop') {
            droppedBelow = number
            lanes.remove(other => {
              const isDropped = other.lane === 'b'
              if (isDropped) dropped.push(other)
              return isDropped
            })
          }
          open.delete(one.lane)
        },
        onError: error => {
          throw error
        }
      })
      for (const portion of portions) {
        add(portion.map(numbered))
        await Promise.resolve()
      }
      for (let turn = 0; turn < 1_000 && lanes.running + lanes.queued > 0; turn += 1) await Promise.resolve()
      expect(seen + dropped.length).toBe(added.length)
      expect([lanes.running, lanes.queued]).toEqual([0, 0])
    }
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), arrivals, run), { numRuns: runs(1_000) })
  })

  test('runs one item of a lane at a time, in order, and several lanes at once', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), lane: fc.integer({ min: 0, max: 4 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), pick: fc.nat() }) }
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), async (limit, steps) => {
        const { scheduler, running, started } = controlled(limit)
        let number = 0
        for (const each of steps) {
          if (each.kind === 'add') {
            const lane = `lane ${each.lane}`
            scheduler.add([{ lane, number: number++ }])
          } else if (running.size > 0) {
            const item = [...running.keys()][each.pick % running.size] as Item
            running.get(item)?.end()
          }
          await settle()
          const lanes = [...running.keys()].map(({ lane }) => lane)
          expect(new Set(lanes).size).toBe(lanes.length)
          expect(running.size).toBeLessThanOrEqual(limit)
          // No slot stays empty while a lane could use it.
          expect(running.size === limit || scheduler.queued === 0 || running.size > 0).toBe(true)
        }
        while (running.size > 0) {
          for (const { end } of [...running.values()]) end()
          await settle()
        }
        expect(started.length).toBe(number)
        expect(scheduler.queued).toBe(0)
        await scheduler.idle()
        for (const lane of new Set(started.map(item => item.lane))) {
          const numbers = started.filter(item => item.lane === lane).map(item => item.number)
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        }
      }),
      { numRuns: runs(100) }
    )
  })

  test('a resting item gives its slot to another lane and keeps its own lane', async () => {
    const { scheduler, running, started } = controlled(1)
    const [first, second, third] = [
      { lane: 'a', number: 1 },
      { lane: 'a', number: 2 },
      { lane: 'b', number: 3 }
    ] as const
    scheduler.add([first, second, third])
    const rested = Promise.withResolvers<string>()
    const back = running.get(first)?.slot.rest(() => rested.promise)
    await settle()
    expect(started).toEqual([first, third])
    rested.resolve('rested')
    await settle()
    running.get(third)?.end()
    expect(await back).toBe('rested')
    running.get(first)?.end()
    await settle()
    expect(started).toEqual([first, third, second])
  })

  test('any number of items may rest at once', async () => {
    const rested: number[] = []
    const [added, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const scheduler = new AggregateLanes<Item>({
      concurrency: 1,
      mostResting: 20_000,
      work: async ([item], slot) => {
        if (item?.number === 0) await added.promise
        await slot.rest(() => over.promise)
        if (item) rested.push(item.number)
      },
      onError: error => expect.unreachable(String(error))
    })
    const items = Array.from({ length: 20_000 }, (_, item) => item)
    scheduler.add(items.map(number => ({ lane: `lane ${number}`, number })))
    added.resolve()
    await settle()
    expect(scheduler.queued).toBe(0)
    over.resolve()
    await scheduler.idle()
    expect(rested.toSorted((a, b) => a - b)).toEqual(items)
  })

  test('drops what waits and leaves what runs', async () => {
    const { scheduler, running, started } = controlled(1)
    scheduler.add([1, 2, 3].map(number => ({ lane: 'a', number })))
    expect(scheduler.remove(({ number }) => number !== 3)).toBe(1)
    expect(scheduler.queued).toBe(1)
    for (const { end } of running.values()) end()
    await settle()
    expect(started.map(({ number }) => number)).toEqual([1, 3])
  })

  test('starts nothing after a stop, and is idle when what runs has ended', async () => {
    const { scheduler, running, started } = controlled(1)
    scheduler.add([1, 2].map(number => ({ lane: 'a', number })))
    scheduler.stop()
    const idle = scheduler.idle()
    for (const { end } of running.values()) end()
    await idle
    expect(started.length).toBe(1)
    expect(scheduler.running).toBe(0)
  })

  test('reports work that rejects and continues', async () => {
    const errors: unknown[] = []
    const scheduler = new AggregateLanes<Item>({
      concurrency: 1,
      mostResting: 1,
      work: async ([item]) => {
        if (item?.number === 1) throw new Error('broken')
      },
      onError: error => errors.push(error)
    })
    scheduler.add([1, 2].map(number => ({ lane: 'a', number })))
    await settle()
    expect(errors).toEqual([new Error('broken')])
    expect(scheduler.queued).toBe(0)
  })

  test('none is started while as many rest as may; those that come back get the slots', async () => {
    const { scheduler, running, started } = controlled(2, 3)
    scheduler.add(Array.from({ length: 20 }, (_, number) => ({ lane: `lane ${number}`, number })))
    const rests: (() => void)[] = []
    for (let number = 0; number < started.length; number += 1) {
      void running.get(started[number] as Item)?.slot.rest(() => new Promise<void>(resolve => rests.push(resolve)))
      await settle()
    }
    // A start needs fewer than three at rest; those that run already may still rest.
    expect(started).toHaveLength(4)
    rests[0]?.()
    await settle()
    running.get(started[0] as Item)?.end()
    await settle()
    expect(started).toHaveLength(4)
    rests[1]?.()
    await settle()
    expect(started).toHaveLength(5)
    expect(scheduler.queued).toBe(15)
  })
})
