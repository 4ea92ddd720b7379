import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RejectMessage, RetryLater } from '../../../../consumers/index.ts'
import type { Envelope } from '../../../../schemas/index.ts'
import { runs } from '../../../support/properties.ts'
import { aggregateOf, batched, idOf } from './batched.ts'

test('a batch is handled in one call, with the place of each event', async () => {
  const places: unknown[] = []
  const { add, settle, calls, ended } = batched((events, context) => {
    for (const event of events) places.push([context.of(event).offset, context.of(event).attempt])
    expect(context.group).toBe('readers')
  })
  add('a1', 'b1', 'a2')
  await settle()
  expect(calls).toEqual([['a1', 'a2', 'b1']])
  expect(places).toEqual([
    [0, 1],
    [2, 1],
    [1, 1]
  ])
  expect([...ended.values()]).toEqual(['handled', 'handled', 'handled'])
})

test('a marked event is retried on its own, then what is after it in its aggregate; all others are handled', async () => {
  const attempts: number[] = []
  const { add, settle, clock, calls, ended } = batched((events, context) => {
    for (const event of events) {
      if (idOf(event) !== 'a1') continue
      attempts.push(context.of(event).attempt)
      if (attempts.length < 3) context.fail(event, new Error('not yet'))
    }
  })
  add('a1', 'a2', 'b1', 'a3')
  await settle()
  expect(calls).toEqual([['a1', 'a2', 'a3', 'b1']])
  expect([...ended]).toEqual([['b1', 'handled']])
  await clock.pass(100)
  await settle()
  await clock.pass(200)
  await settle()
  expect(calls.slice(1)).toEqual([['a1'], ['a1'], ['a2'], ['a3']])
  expect(attempts).toEqual([1, 2, 3])
  expect([...ended.keys()]).toEqual(['b1', 'a1', 'a2', 'a3'])
})

test('a batch that fails is divided: one event becomes a dead letter, with its own attempts, all others are handled', async () => {
  const { add, settle, clock, calls, letters, ended, log } = batched(events => {
    if (events.some(event => idOf(event) === 'c1')) throw new TypeError('c1 of Ada')
  })
  add('a1', 'b1', 'c1', 'd1')
  await settle()
  expect(calls).toEqual([['a1', 'b1', 'c1', 'd1'], ['a1', 'b1'], ['c1', 'd1'], ['c1'], ['d1']])
  expect([...ended.keys()]).toEqual(['a1', 'b1', 'd1'])
  await clock.pass(100)
  await settle()
  await clock.pass(200)
  await settle()
  expect(letters).toEqual([expect.objectContaining({ id: 'c1', code: 'TypeError', attempts: 3 })])
  expect(log.lines.map(({ text }) => text).slice(0, 2)).toEqual(Array(2).fill('a batch failed, it is divided'))
  expect(JSON.stringify(log.lines)).not.toContain('Ada')
})

test('an event that is turned down by its mark is a dead letter at once', async () => {
  const { add, settle, letters, calls } = batched((events, context) => {
    for (const event of events) if (idOf(event) === 'b1') context.fail(event, new RejectMessage('no use'))
  })
  add('a1', 'b1')
  await settle()
  expect(letters).toEqual([expect.objectContaining({ id: 'b1', code: 'REJECTED', attempts: 1 })])
  expect(calls).toHaveLength(1)
})

test('bytes that cannot be read never reach the handler', async () => {
  const { add, settle, letters, calls, ended } = batched(() => undefined)
  add('a1', 'b?', 'b2', 'c1')
  await settle()
  expect(calls).toEqual([['a1', 'c1'], ['b2']])
  expect(letters).toEqual([expect.objectContaining({ id: 'b?', code: 'REJECTED' })])
  expect(ended.get('b2')).toBe('handled')
})

/** An effect that counts, for events of which `b1` fails while it is broken. */
test.each(['before', 'within'])('of an event that is marked %s `once` no effect is taken for done', async when => {
  let isBroken = true
  const effects: string[] = []
  const handled = batched(async (events, context) => {
    const mark = () => {
      for (const event of events) if (isBroken && idOf(event) === 'b1') context.fail(event, new RejectMessage('no'))
    }
    if (when === 'before') mark()
    await context.once({ query: async () => ({ rows: [] }) }, fresh => {
      if (when === 'within') mark()
      const good = fresh.filter(event => !context.hasFailed(event)).map(idOf)
      if (good.length === fresh.length) effects.push(...good)
    })
  })
  handled.add('a1', 'b1', 'b2', 'c1')
  await handled.settle()
  expect(handled.letters.map(({ id, code }) => [id, code])).toEqual([['b1', 'REJECTED']])
  // As a redrive does.
  isBroken = false
  handled.add('b1')
  await handled.settle()
  expect(effects.toSorted()).toEqual(['a1', 'b1', 'b2', 'c1'])
})

test('while a server is away the batch is repeated whole, then divided, and nothing is dead-lettered', async () => {
  let isAway = true
  const { add, settle, clock, calls, letters, ended } = batched(events => {
    if (isAway || events.some(event => idOf(event) === 'b1')) throw new RetryLater('the database is away')
  })
  add('a1', 'b1')
  await settle()
  for (const ms of [100, 200, 400]) {
    await clock.pass(ms)
    await settle()
  }
  expect(calls).toEqual([...Array(4).fill(['a1', 'b1']), ['a1'], ['b1']])
  isAway = false
  for (let wait = 0; wait < 20; wait += 1) {
    await clock.pass(1_000)
    await settle()
  }
  expect(ended.get('a1')).toBe('handled')
  expect(ended.has('b1')).toBe(false)
  expect(letters).toEqual([])
})

test('a call that takes too long is divided', async () => {
  const { add, settle, clock, calls, ended } = batched(
    (events, { signal }) =>
      events.length === 1 ? undefined : new Promise(resolve => signal.addEventListener('abort', () => resolve())),
    { timeoutMs: 50 }
  )
  add('a1', 'b1')
  await settle()
  await clock.pass(50)
  await settle()
  expect(calls).toEqual([['a1', 'b1'], ['a1'], ['b1']])
  expect(ended.size).toBe(2)
})

test('what is not begun when the group stops is left', async () => {
  const { add, settle, closing, calls, ended, lanes } = batched(async () => {
    closing.abort()
    lanes.stop()
    throw new Error('half of it')
  })
  add('a1', 'b1')
  await settle()
  await lanes.idle()
  expect(calls).toHaveLength(1)
  expect(ended.size).toBe(0)
  expect(lanes.queued).toBe(0)
})

test('a partition that is lost during a call is not continued', async () => {
  const { add, settle, source, calls, ended, lanes } = batched(async () => {
    source.lose()
    throw new Error('half of it')
  })
  add('a1', 'b1')
  await settle()
  expect(calls).toHaveLength(1)
  expect([ended.size, lanes.queued, lanes.running]).toEqual([0, 0, 0])
})

test('a mark needs an event of the batch, and a call that has not ended', async () => {
  const faults: unknown[] = []
  let late: () => void = () => undefined
  const { add, settle } = batched((events, context) => {
    const [event] = events as readonly [Envelope]
    late = () => context.fail(event, new Error('late'))
    try {
      context.fail({ ...event }, new Error('a copy'))
    } catch (error) {
      faults.push(error)
    }
  })
  add('a1', 'b1')
  await settle()
  expect(faults).toEqual([expect.any(TypeError)])
  expect(late).toThrow('await all work')
})

test('hasFailed says what to leave out', async () => {
  const left: string[] = []
  const { add, settle } = batched((events, context) => {
    if (events.length === 1) return
    for (const event of events) {
      if (context.hasFailed(event)) left.push(idOf(event))
      else if (idOf(event) === 'a2') context.fail(event, new RejectMessage('no use'))
    }
  })
  add('a1', 'a2', 'a3', 'b1')
  await settle()
  expect(left).toEqual(['a3'])
})

test('whatever fails and however: each event ends once, in the order of its aggregate', async () => {
  const kind = fc.constantFrom('fine', 'fine', 'fine', 'throws', 'marks', 'rejects', 'flaky', 'bad bytes')
  const event = fc.record({ aggregate: fc.constantFrom('a', 'b', 'c', 'd'), kind })
  const flakes = fc.array(fc.boolean(), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 30 }),
      flakes,
      fc.integer({ min: 2, max: 12 }),
      async (given, failures, maxItems) => {
        const kinds = new Map(
          given.map(({ aggregate, kind }, place) => [`${aggregate}${place}${kind === 'bad bytes' ? '?' : ''}`, kind])
        )
        const done: string[] = []
        const { add, settle, clock, letters, ended } = batched(
          (events, context) => {
            for (const each of events) {
              const what = kinds.get(idOf(each))
              if (context.hasFailed(each)) continue
              if (what === 'marks') context.fail(each, new Error('marked'))
              if (what === 'rejects') context.fail(each, new RejectMessage('no'))
              if (what === 'throws') throw new Error('thrown')
              if (what === 'flaky' && failures.pop()) throw new Error('now and then')
            }
            for (const each of events) if (!context.hasFailed(each)) done.push(idOf(each))
          },
          { maxItems }
        )
        add(...kinds.keys())
        for (let wait = 0; wait < 200 && ended.size < kinds.size; wait += 1) {
          await settle()
          await clock.pass(1_000)
        }
        expect([...ended.keys()].toSorted()).toEqual([...kinds.keys()].toSorted())
        expect(new Set(letters.map(({ id }) => id)).size).toBe(letters.length)
        const dead = new Set(letters.map(({ id }) => id))
        for (const [id, what] of kinds) {
          if (what === 'fine') expect(dead.has(id)).toBe(false)
          if (['throws', 'marks', 'rejects', 'bad bytes'].includes(what)) expect(dead.has(id)).toBe(true)
        }
        for (const aggregate of ['a', 'b', 'c', 'd']) {
          const own = [...kinds.keys()].filter(id => aggregateOf(id) === aggregate)
          expect([...ended.keys()].filter(id => aggregateOf(id) === aggregate)).toEqual(own)
          const effects = done.filter(id => aggregateOf(id) === aggregate)
          expect([...new Set(effects)]).toEqual(own.filter(id => !dead.has(id)))
        }
      }
    ),
    { numRuns: runs(100) }
  )
})
