import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OffsetTracker } from '../../../consumers/progress/offset-tracker.ts'
import { runs } from '../../support/properties.ts'

const nothingRuns = (): boolean => false

describe('OffsetTracker', () => {
  test('has no position before its first record', () => {
    expect(new OffsetTracker().position).toBeUndefined()
  })

  test('is at the lowest unfinished offset', () => {
    const tracker = new OffsetTracker()
    for (const offset of [5, 6, 7]) expect(tracker.take(offset)).toBe(true)
    tracker.finish(6)
    expect(tracker.position).toBe(5)
    tracker.finish(5)
    expect(tracker.position).toBe(7)
    tracker.finish(7)
    expect(tracker.position).toBe(8)
    expect(tracker.size).toBe(0)
  })

  test('passes offsets that hold no record', () => {
    const tracker = new OffsetTracker()
    tracker.take(0)
    tracker.finish(0)
    tracker.pass(9)
    expect(tracker.position).toBe(10)
    expect(tracker.locate(10)).toBe('expected')
  })

  test('a log that begins with offsets without records', () => {
    const tracker = new OffsetTracker()
    tracker.pass(4, 0)
    expect(tracker.position).toBe(5)
    tracker.rewind(nothingRuns)
    expect(tracker.locate(0)).toBe('expected')
  })

  test('after a rewind it takes again only what was not started', () => {
    const tracker = new OffsetTracker()
    for (const offset of [0, 1, 2, 3]) tracker.take(offset)
    tracker.finish(0)
    tracker.finish(2)
    tracker.rewind(offset => offset === 1)
    expect(tracker.position).toBeUndefined()
    expect([0, 1, 2, 3].map(offset => tracker.take(offset))).toEqual([false, false, false, true])
    expect(tracker.position).toBe(1)
    tracker.finish(1)
    expect(tracker.position).toBe(3)
  })

  test('a redelivery may come in several batches', () => {
    const tracker = new OffsetTracker()
    for (let offset = 0; offset < 10; offset += 1) {
      tracker.take(offset)
      tracker.finish(offset)
    }
    tracker.rewind(nothingRuns)
    expect(tracker.locate(0)).toBe('expected')
    for (const offset of [0, 1, 2, 3, 4]) expect(tracker.take(offset)).toBe(false)
    expect(tracker.locate(5)).toBe('expected')
    expect(tracker.position).toBe(10)
  })

  test('a first batch that leaves something out is ahead, and it continues where it was sent', () => {
    const tracker = new OffsetTracker()
    for (const offset of [0, 1, 2]) tracker.take(offset)
    tracker.rewind(nothingRuns)
    expect(tracker.locate(3)).toBe('ahead')
    tracker.moveTo(2)
    expect(tracker.locate(2)).toBe('expected')
    expect(tracker.take(2)).toBe(true)
    expect(tracker.position).toBe(2)
  })

  test('offsets below anything that can come again are another log', () => {
    const tracker = new OffsetTracker()
    for (const offset of [10, 11]) tracker.take(offset)
    expect(tracker.locate(0)).toBe('new log')
    tracker.finish(10)
    tracker.committed(11)
    tracker.rewind(nothingRuns)
    expect(tracker.locate(10)).toBe('new log')
    expect(tracker.locate(11)).toBe('expected')
  })

  test('what it forgets is taken again, and nothing else', () => {
    const tracker = new OffsetTracker()
    for (const offset of [0, 1, 2, 3, 4]) tracker.take(offset)
    tracker.finish(0)
    tracker.finish(3)
    expect(tracker.forget(offset => offset === 1)).toBe(2)
    expect(tracker.position).toBe(1)
    tracker.finish(1)
    expect(tracker.position).toBe(2)
    expect([2, 3, 4].map(offset => tracker.take(offset))).toEqual([true, false, true])
    expect(tracker.forget(() => true)).toBeUndefined()
  })

  test('whatever happens, the position never passes an unfinished record and nothing is handled twice', () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 6 }) })
      },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('rejoin' as const), running: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), running: fc.nat() }) }
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const tracker = new OffsetTracker()
        const open = new Set<number>()
        const finished = new Set<number>()
        let fetchAt = 0
        let committed = 0
        for (const each of steps) {
          if (each.kind === 'deliver') {
            expect(tracker.locate(fetchAt)).toBe('expected')
            for (let left = each.count; left > 0; left -= 1, fetchAt += 1) {
              const known = open.has(fetchAt) || finished.has(fetchAt)
              expect(tracker.take(fetchAt)).toBe(!known)
              if (!known) open.add(fetchAt)
            }
          } else if (each.kind === 'finish' && open.size > 0) {
            const offset = [...open][each.pick % open.size] as number
            open.delete(offset)
            finished.add(offset)
            tracker.finish(offset)
          } else if (each.kind === 'commit' && tracker.position !== undefined) {
            committed = tracker.position
            tracker.committed(committed)
          } else if (each.kind === 'rejoin' || each.kind === 'forget') {
            // What was not started is dropped and comes again.
            const running = new Set([...open].filter(offset => (offset + each.running) % 2 === 0))
            const dropped = [...open].filter(offset => !running.has(offset))
            const before = tracker.position
            if (each.kind === 'rejoin') tracker.rewind(offset => running.has(offset))
            const from = each.kind === 'forget' ? tracker.forget(offset => running.has(offset)) : committed
            if (each.kind === 'forget') {
              expect(tracker.position).toBe(before)
              // All that was dropped comes again, and no more than that has to.
              const delivered = dropped.filter(offset => offset < fetchAt)
              if (before !== undefined) expect(from).toBe(delivered.length > 0 ? Math.min(...delivered) : undefined)
            }
            for (const offset of dropped) open.delete(offset)
            fetchAt = from ?? fetchAt
          }
          const { position } = tracker
          if (position === undefined) continue
          for (let offset = 0; offset < position; offset += 1) expect(finished.has(offset)).toBe(true)
        }
      }),
      { numRuns: runs(500) }
    )
  })
})
