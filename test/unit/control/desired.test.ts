import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DesiredState,
  encodeDesired,
  nothingDesired,
  type PauseOrder,
  parseDesired,
  pausesOf,
  type RewindOrder,
  type Scope,
  withoutPauses,
  withoutRewinds,
  withPause,
  withResume,
  withRewinds
} from '../../../control/index.ts'
import { runs } from '../../support/properties.ts'

const order = (scope: Scope, action = '1'): PauseOrder => ({
  scope,
  action,
  by: 'jo@desk',
  reason: 'mail server',
  at: new Date('2026-11-26T02:40:00Z')
})
const scopes: readonly Scope[] = [
  {},
  { topic: 'a' },
  { topic: 'b' },
  { topic: 'a', partition: 0 },
  { topic: 'a', partition: 1 }
]
const places = ['a', 'b'].flatMap(topic => [0, 1].map(partition => ({ topic, partition })))
const rewind = (topic: string, partition: number, offset: number, action: string): RewindOrder => ({
  ...{ topic, partition, offset, action }
})

describe('pauses', () => {
  it('hold a partition each, a topic or all, and are lifted with all that is within', () => {
    let state = withPause(nothingDesired, order({ topic: 'a', partition: 0 }, '1'))
    state = withPause(state, order({ topic: 'a' }, '2'))
    expect(pausesOf(state, { topic: 'a', partition: 0 }).map(({ action }) => action)).toEqual(['2', '1'])
    expect(pausesOf(state, { topic: 'b', partition: 0 })).toEqual([])
    const { state: after, lifted, left } = withoutPauses(state, { topic: 'a' })
    expect([after.pauses, lifted.length, left, after.revision]).toEqual([[], 2, [], 3])
  })

  it('that are wider stay when a part of them is resumed, and are named', () => {
    const state = withPause(nothingDesired, order({}))
    const { state: after, lifted, left } = withoutPauses(state, { topic: 'a' })
    expect([after.pauses.length, lifted, left.map(({ scope }) => scope)]).toEqual([1, [], [{}]])
  })

  it('of the same scope replace each other', () => {
    const state = withPause(withPause(nothingDesired, order({}, '1')), order({}, '2'))
    expect(state.pauses.map(({ action }) => action)).toEqual(['2'])
  })

  it('hold exactly what was paused after what last resumed it', () => {
    const step = fc.record({ scope: fc.constantFrom(...scopes), pauses: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), steps => {
        let state: DesiredState = nothingDesired
        const held = new Map<string, Scope>()
        for (const { scope, pauses } of steps) {
          if (pauses) {
            state = withPause(state, order(scope))
            held.set(JSON.stringify(scope), scope)
          } else {
            state = withoutPauses(state, scope).state
            for (const [key, each] of held)
              if (
                (scope.topic === undefined || scope.topic === each.topic) &&
                (scope.partition === undefined || scope.partition === each.partition)
              )
                held.delete(key)
          }
        }
        for (const place of places) {
          const wanted = [...held.values()].filter(
            ({ topic = place.topic, partition = place.partition }) =>
              topic === place.topic && partition === place.partition
          )
          expect(pausesOf(state, place).length).toBe(wanted.length)
        }
        expect(state.revision).toBe(steps.length)
        expect(parseDesired(encodeDesired(state))).toEqual(state)
      }),
      { numRuns: runs(500) }
    )
  })
})

describe('orders to read again what was stopped', () => {
  it('lift pauses as well, and replace those within', () => {
    let state = withPause(nothingDesired, order({ topic: 'a' }))
    state = withResume(state, { scope: { topic: 'b' }, action: '2' }).state
    const { state: after, lifted } = withResume(state, { scope: {}, action: '3' })
    expect([lifted.length, after.pauses, after.revision]).toEqual([1, [], 3])
    expect(after.resumes).toEqual([{ scope: {}, action: '3' }])
    const both = withResume(after, { scope: { topic: 'a' }, action: '4' }).state
    expect(both.resumes.map(({ action }) => action)).toEqual(['3', '4'])
    expect(parseDesired(encodeDesired(both))).toEqual(both)
  })
})

describe('rewinds', () => {
  it('of one partition replace each other, and go when they are done', () => {
    let state = withRewinds(nothingDesired, [rewind('a', 0, 5, '1'), rewind('a', 1, 6, '1')])
    state = withRewinds(state, [rewind('a', 0, 2, '2')])
    expect(state.rewinds).toEqual([rewind('a', 1, 6, '1'), rewind('a', 0, 2, '2')])
    const after = withoutRewinds(state, ({ action }) => action === '1')
    expect([after.rewinds, after.revision]).toEqual([[rewind('a', 0, 2, '2')], 3])
    expect(withoutRewinds(after, () => false)).toBe(after)
  })
})

describe('a desired state', () => {
  it('of another format, or that is none, is not read', () => {
    for (const text of ['', 'x', '[]', '{}', '{"v":2,"revision":1}', '{"v":1,"revision":-1}', '{"v":1}'])
      expect(parseDesired(Buffer.from(text))).toBeUndefined()
  })

  it('is read without the entries that are not understood, and never pauses more than was ordered', () => {
    const text = JSON.stringify({
      v: 1,
      revision: 4,
      later: true,
      pauses: [{ topic: 7 }, { topic: 'a', partition: 'x' }, { partition: 1 }, 'x', { topic: 'a', more: 1 }],
      rewinds: [{ topic: 'a', partition: 0, offset: -1, action: '1' }, rewind('a', 1, 3, '2')]
    })
    const state = parseDesired(Buffer.from(text))
    expect(state?.pauses.map(({ scope }) => scope)).toEqual([{ topic: 'a' }])
    expect(state?.rewinds).toEqual([rewind('a', 1, 3, '2')])
  })
})
