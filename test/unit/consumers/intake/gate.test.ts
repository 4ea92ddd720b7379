import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hold } from '../../../../consumers/progress/assigned-partition.ts'
import { partitionsOf } from './world.ts'

describe('the gate of partitions', () => {
  it('lets a partition be fetched again when the last of its reasons is lifted', () => {
    const { gate, paused, of, lifted } = partitionsOf({ a: [0] })
    const source = of('a', 0)
    gate.hold(source, 'full')
    gate.stop(source, 'asked')
    gate.lift(source, 'full')
    expect([...paused]).toEqual(['a/0'])
    gate.lift(source, 'full')
    gate.lift(source, 'asked')
    expect([[...paused], lifted]).toEqual([[], ['a/0', 'a/0']])
  })

  it('of a stopped partition begins nothing, and fetches again what was not started once nothing stops it', () => {
    const { gate, seeks, forgotten, of } = partitionsOf({ a: [0] })
    const source = of('a', 0)
    for (const offset of [3, 4, 5]) source.tracker.take(offset)
    source.running.add(3)
    gate.stop(source, 'asked')
    gate.stop(source, 'breaker')
    expect([source.ended.aborted, forgotten.length]).toEqual([true, 2])
    gate.lift(source, 'asked')
    expect([source.isStopped, seeks]).toEqual([true, []])
    // Too much is unfinished: it continues, and is fetched later.
    gate.hold(source, 'full')
    gate.lift(source, 'breaker')
    expect([source.isStopped, source.ended.aborted, seeks]).toEqual([false, false, ['a/0@4']])
  })

  it('forgets a partition that is another member’s, and holds none that is lost', () => {
    const { gate, paused, assignment, of } = partitionsOf({ a: [0] })
    const source = of('a', 0)
    gate.stop(source, 'asked')
    assignment.replace(new Map())
    gate.forget(source)
    expect([paused.size, source.holds.size]).toEqual([0, 0])
    gate.hold(source, 'full')
    expect([paused.size, source.holds.size]).toEqual([0, 0])
  })

  it('holds a partition whose position is changed for what held it before, but for what was fetched', () => {
    const { gate, paused, assignment, of } = partitionsOf({ a: [0, 1] })
    const [asked, full] = [of('a', 0), of('a', 1)]
    gate.stop(asked, 'asked')
    gate.hold(asked, 'full')
    gate.hold(full, 'full')
    for (const old of [asked, full]) gate.replace(old, assignment.renew(old))
    expect([[...of('a', 0).holds], of('a', 0).isStopped, [...of('a', 1).holds], [...paused]]).toEqual([
      ['asked'],
      true,
      [],
      ['a/0']
    ])
  })

  it('fetches exactly the partitions that are held for nothing, whatever happens in which order', () => {
    const step = fc.record({
      what: fc.constantFrom('hold', 'stop', 'lift'),
      why: fc.constantFrom<Hold>('full', 'asked', 'breaker', 'moving')
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const { gate, paused, of } = partitionsOf({ a: [0] })
        const source = of('a', 0)
        const [held, stopped] = [new Set<Hold>(), new Set<Hold>()]
        for (const { what, why } of steps) {
          if (what === 'lift') {
            gate.lift(source, why)
            held.delete(why)
            stopped.delete(why)
          } else if (what === 'stop' && why !== 'full') {
            gate.stop(source, why)
            held.add(why)
            stopped.add(why)
          } else {
            gate.hold(source, why)
            held.add(why)
          }
          expect(paused.has('a/0')).toBe(held.size > 0)
          if (stopped.size > 0) expect(source.isStopped).toBe(true)
          if (held.size === 0) expect(source.isStopped).toBe(false)
        }
      })
    )
  })
})
