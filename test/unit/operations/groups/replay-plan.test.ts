import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PartitionLook } from '../../../../operations/groups/lag.ts'
import {
  byPlace,
  isCutOff,
  rangesOf,
  replaySteps,
  requireSameLog,
  safeTime
} from '../../../../operations/groups/replay/plan.ts'

const look = (facts: Partial<PartitionLook> = {}): PartitionLook => ({
  ...{ topic: 'p.a.b', partition: 0, committed: 100, note: undefined, start: 40, end: 110, lag: 10, lost: 0 },
  ...facts
})
const stored = (next: number, sameLogSince?: Date) => [{ topic: 'p.a.b', partition: 0, next, sameLogSince }]

const step = (each: PartitionLook, first: number, safe?: number, next?: number) =>
  replaySteps(
    [each],
    'p.',
    new Map([['p.a.b/0', first]]),
    new Map(safe === undefined ? [] : [['p.a.b/0', { safe }]]),
    next === undefined ? [] : stored(next)
  )[0]

describe('a replay', () => {
  it('is a rewind where Kafka has all that is meant', () => {
    expect(step(look(), 60)).toEqual({
      ...{ topic: 'p.a.b', partition: 0, eventName: 'a.b' },
      from: 100,
      below: 0,
      to: 60
    })
    expect([isCutOff(look(), 60), isCutOff(look(), 40), isCutOff(look({ start: 0 }), 0)]).toEqual([false, true, false])
  })

  it('takes from the trail what Kafka no longer has, and a tenth of what it still has', () => {
    expect(step(look(), 40, 47, 105)).toMatchObject({ below: 47, to: 47 })
    expect(safeTime(1_000, 11_000)).toEqual(new Date(2_000))
  })

  it('takes no more than the trail has stored, and less than that from no partition', () => {
    expect(step(look(), 40, 47, 43)).toMatchObject({ below: 43, to: 43 })
    expect(step(look(), 40, 47, 12)).toMatchObject({ below: 40, to: 40 })
    expect(step(look(), 40, 47)).toMatchObject({ below: 40, to: 40 })
  })

  it('skips nothing that the group has not had, and leaves no gap between the trail and Kafka', () => {
    const offset = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(
        fc.tuple(offset, offset),
        fc.option(offset, { nil: undefined }),
        offset,
        fc.option(offset),
        offset,
        (ends, committed, first, safe, next) => {
          const [start = 0, end = 0] = ends.toSorted((one, other) => one - other)
          const each = look({ start, end, committed })
          const made = step(each, first, safe ?? undefined, next)
          const now = Math.max(committed ?? start, start)
          expect(made?.to).toBeLessThanOrEqual(now)
          expect(made?.to).toBeGreaterThanOrEqual(start)
          if (safe !== null) expect(made?.below).toBe(made?.to)
          else expect(made?.below).toBe(0)
        }
      )
    )
  })

  it('asks the trail for the partitions that are cut off alone', () => {
    const made = step(look(), 40, 47, 105)
    const whole = step(look(), 60)
    expect(rangesOf([made, whole].flatMap(each => each ?? []))).toEqual([{ eventName: 'a.b', partition: 0, below: 47 }])
  })

  it('is refused where rows may be those of a log before the one of now', () => {
    const made = [step(look(), 40, 47, 105)].flatMap(each => each ?? [])
    const replaced = new Date('2026-11-02T03:00:00Z')
    expect(() => requireSameLog(made, stored(105, replaced), new Date('2026-11-01T00:00:00Z'))).toThrow(
      'replay from 2026-11-02T03:00:00.000Z or later'
    )
    requireSameLog(made, stored(105, replaced), replaced)
    requireSameLog(made, stored(105), new Date(0))
    requireSameLog(
      [step(look(), 60)].flatMap(each => each ?? []),
      stored(105, replaced),
      new Date(0)
    )
  })

  it('sends the events of a partition in the order of their offsets', () => {
    const place = (eventName: string, partition: number, offset: number) => ({ eventName, partition, offset })
    const places = [place('b', 0, 7), place('a', 1, 7), place('a', 0, 7), place('a', 0, 6), place('a', 0, 7)]
    expect(places.toSorted(byPlace)).toEqual([places[3], places[2], places[4], places[0], places[1]])
    expect(byPlace(place('a', 0, 7), place('a', 0, 7))).toBe(0)
  })
})
