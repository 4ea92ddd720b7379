import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventtrailError } from '../../../core/errors.ts'
import {
  type BusItem,
  createBus,
  type EventStore,
  memoryStore,
  type StoredEvent,
  type Subscription
} from '../../../producers/bus/index.ts'
import { PublishError } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { catalogueOf, type Envelope, type EventMap } from '../../../schemas/index.ts'
import { runs } from '../../support/properties.ts'

const badge = (reason = 'ten lessons') => ({ badge_id: randomUUID(), awarded_to: randomUUID(), reason })
const quiz = () => ({ submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: 1 })

async function take<E>(subscription: Subscription<E>, count: number): Promise<BusItem<E>[]> {
  const items: BusItem<E>[] = []
  while (items.length < count) {
    const { value, done } = await subscription.next()
    if (done) break
    items.push(value)
  }
  return items
}
const reasons = (items: readonly BusItem<Envelope>[]) =>
  items.map(item =>
    item.kind === 'lagged' ? -item.missed : Number((item.envelope.payload as { reason: string }).reason)
  )

/** A store that answers on demand. */
function gatedStore() {
  const calls: { events: readonly StoredEvent[]; answer: PromiseWithResolvers<void> }[] = []
  const called = [Promise.withResolvers<void>()]
  const store: EventStore = {
    append(events) {
      const answer = Promise.withResolvers<void>()
      calls.push({ events, answer })
      called.at(-1)?.resolve()
      called.push(Promise.withResolvers())
      return answer.promise
    }
  }
  const call = async (index: number) => {
    await called[index]?.promise
    return calls[index] as (typeof calls)[number]
  }
  return { store, call }
}

class Outage extends EventtrailError<'OUTAGE'> {
  constructor() {
    super('the store is away', { code: 'OUTAGE', retryable: true })
  }
}

describe('fan out', () => {
  it('gives every subscriber every event of its names, in order, with its headers', async () => {
    const bus = createBus({ catalogue, store: memoryStore(), source: 'school' })
    const all = bus.subscribe('audit')
    const badges = bus.subscribe('notifier', { eventNames: ['badge.awarded'] })
    const id = randomUUID()
    await bus.publish('badge.awarded', id, badge('1'), { actor: 'teacher-7' })
    await bus.publish('quiz.submitted', id, quiz())
    await bus.publish('badge.awarded', id, badge('2'))
    const [one, two, three] = await take(all, 3)
    expect([one, two, three].map(item => item?.kind === 'event' && item.envelope.event_name)).toEqual([
      'badge.awarded',
      'quiz.submitted',
      'badge.awarded'
    ])
    expect(one).toMatchObject({ headers: { source: 'school', actor: 'teacher-7' } })
    expect(two).toMatchObject({ headers: { source: 'school' } })
    expect(reasons(await take(badges, 2))).toEqual([1, 2])
    await bus.close()
  })

  it('gives the same frozen envelope to all', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const [one, other] = [bus.subscribe('one'), bus.subscribe('other')]
    await bus.publish('badge.awarded', randomUUID(), badge())
    const [mine] = await take(one, 1)
    const [theirs] = await take(other, 1)
    if (mine?.kind !== 'event' || theirs?.kind !== 'event') throw new Error('expected events')
    expect(mine.envelope).toBe(theirs.envelope)
    expect(Object.isFrozen(mine.envelope)).toBe(true)
    expect(Object.isFrozen(mine.envelope.payload)).toBe(true)
    await bus.close()
  })

  it('wakes a subscriber that waits', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const subscription = bus.subscribe('early')
    const waiting = take(subscription, 2)
    await bus.publish('badge.awarded', randomUUID(), badge('1'))
    await bus.publish('badge.awarded', randomUUID(), badge('2'))
    expect(reasons(await waiting)).toEqual([1, 2])
    await bus.close()
  })

  it('needs no subscriber', async () => {
    const store = memoryStore()
    await using bus = createBus({ catalogue, store })
    await bus.publish('badge.awarded', randomUUID(), badge())
    expect(store.envelopes).toHaveLength(1)
    expect(bus.subscriberStats().size).toBe(0)
  })

  it('stores an event before anybody sees it', async () => {
    const { store, call } = gatedStore()
    const bus = createBus({ catalogue, store })
    const subscription = bus.subscribe('early')
    const publishing = bus.publish('badge.awarded', randomUUID(), badge('1'))
    const { events, answer } = await call(0)
    expect(events[0]?.envelope.event_name).toBe('badge.awarded')
    expect(() => events[0]?.version.type.toBuffer(events[0].envelope)).not.toThrow()
    expect(bus.subscriberStats().get('early')).toEqual({ active: 1, delivered: 0, buffered: 0, lagged: 0 })
    answer.resolve()
    await publishing
    expect(bus.subscriberStats().get('early')).toEqual({ active: 1, delivered: 0, buffered: 1, lagged: 0 })
    expect(reasons(await take(subscription, 1))).toEqual([1])
    await bus.close()
  })

  it('takes what gathers during one call of the store into the next', async () => {
    const { store, call } = gatedStore()
    const bus = createBus({ catalogue, store })
    const first = bus.publish('badge.awarded', randomUUID(), badge())
    const { answer } = await call(0)
    const others = Array.from({ length: 10 }, () => bus.publish('badge.awarded', randomUUID(), badge()))
    answer.resolve()
    await first
    const second = await call(1)
    expect(second.events).toHaveLength(10)
    second.answer.resolve()
    await Promise.all(others)
    await bus.close()
  })
})

describe('a slow subscriber', () => {
  it('gets the number of those that it missed, at the place where they are missing', async () => {
    const bus = createBus({ catalogue, store: memoryStore(), bufferSize: 3 })
    const slow = bus.subscribe('slow')
    const roomy = bus.subscribe('roomy', { bufferSize: 100 })
    for (let number = 1; number <= 7; number += 1)
      await bus.publish('badge.awarded', randomUUID(), badge(String(number)))
    expect(bus.subscriberStats().get('slow')).toEqual({ active: 1, delivered: 0, buffered: 3, lagged: 4 })
    expect(reasons(await take(slow, 4))).toEqual([-4, 5, 6, 7])
    expect(reasons(await take(roomy, 7))).toEqual([1, 2, 3, 4, 5, 6, 7])
    await bus.publish('badge.awarded', randomUUID(), badge('8'))
    expect(reasons(await take(slow, 1))).toEqual([8])
    expect(bus.subscriberStats().get('slow')).toEqual({ active: 1, delivered: 4, buffered: 0, lagged: 4 })
    await bus.close()
  })

  it('gets every event or a notice of it, however it reads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constant('publish' as const), fc.constant('read' as const)), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, bufferSize) => {
          const bus = createBus({ catalogue, store: memoryStore(), bufferSize })
          const subscription = bus.subscribe('any')
          const items: Promise<IteratorResult<BusItem<Envelope>>>[] = []
          let published = 0
          for (const each of steps) {
            if (each === 'publish') {
              published += 1
              await bus.publish('badge.awarded', randomUUID(), badge(String(published)))
            } else items.push(subscription.next())
          }
          await bus.drain()
          const got = (await Promise.all(items)).flatMap(({ value, done }) => (done ? [] : [value]))
          for await (const item of subscription) got.push(item)
          // Numbers follow each other; a notice counts exactly those that are not there.
          let next = 1
          for (const value of reasons(got)) {
            if (value > 0) expect(value).toBe(next)
            next += value > 0 ? 1 : -value
          }
          expect(next).toBe(published + 1)
        }
      ),
      { numRuns: runs(100) }
    )
  })
})

describe('leaving', () => {
  it('takes a subscriber out of the counts: by break, return, dispose and abort', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const controller = new AbortController()
    const byBreak = bus.subscribe('break')
    const byReturn = bus.subscribe('return')
    bus.subscribe('abort', { signal: controller.signal })
    const twice = [bus.subscribe('twice'), bus.subscribe('twice')]
    await bus.publish('badge.awarded', randomUUID(), badge())
    expect([...bus.subscriberStats().keys()].sort()).toEqual(['abort', 'break', 'return', 'twice'])
    expect(bus.subscriberStats().get('twice')).toEqual({ active: 2, delivered: 0, buffered: 2, lagged: 0 })
    for await (const _ of byBreak) break
    await byReturn.return?.()
    controller.abort()
    await twice[0]?.[Symbol.asyncDispose]()
    expect([...bus.subscriberStats()]).toEqual([['twice', { active: 1, delivered: 0, buffered: 1, lagged: 0 }]])
    expect(await byReturn.next()).toEqual({ value: undefined, done: true })
    await bus.close()
  })

  it('ends a reader that waits, and one that joined with an aborted signal', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const controller = new AbortController()
    const waiting = bus.subscribe('waits', { signal: controller.signal }).next()
    controller.abort()
    expect(await waiting).toEqual({ value: undefined, done: true })
    const late = bus.subscribe('late', { signal: controller.signal })
    expect(await late.next()).toEqual({ value: undefined, done: true })
    expect(bus.subscriberStats().size).toBe(0)
    await bus.close()
  })

  it('does not disturb the others', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const [stays, leaves] = [bus.subscribe('stays'), bus.subscribe('leaves')]
    await bus.publish('badge.awarded', randomUUID(), badge('1'))
    await leaves.return?.()
    await bus.publish('badge.awarded', randomUUID(), badge('2'))
    expect(reasons(await take(stays, 2))).toEqual([1, 2])
    await bus.close()
  })
})

describe('errors', () => {
  it('has the code of the producer for an event that does not fit, with the cause', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    const error = await bus
      .publish('quiz.submitted', randomUUID(), { ...quiz(), score_raw: 'x' as never })
      .catch(e => e)
    expect(error).toMatchObject({ name: 'BusError', code: 'PAYLOAD_INVALID', outcome: 'failed', field: 'score_raw' })
    expect(error).toBeInstanceOf(PublishError)
    expect(error.cause).toMatchObject({ name: 'SchemaError', code: 'PAYLOAD_INVALID' })
    expect(() => bus.subscribe('x', { eventNames: ['badge.lost' as never] })).toThrow(
      expect.objectContaining({ name: 'BusError', code: 'EVENT_UNKNOWN' })
    )
    await bus.close()
  })

  it('is STORE_FAILED when the store fails: the outcome is unknown, no subscriber sees the event, the bus continues', async () => {
    const { store, call } = gatedStore()
    const bus = createBus({ catalogue, store })
    const subscription = bus.subscribe('any')
    const outage = new Outage()
    const publishing = bus.publish('badge.awarded', randomUUID(), badge('1')).catch(e => e)
    ;(await call(0)).answer.reject(outage)
    expect(await publishing).toMatchObject({
      name: 'BusError',
      code: 'STORE_FAILED',
      outcome: 'unknown',
      retryable: true,
      cause: outage
    })
    const second = bus.publish('badge.awarded', randomUUID(), badge('2'))
    ;(await call(1)).answer.resolve()
    await second
    expect(reasons(await take(subscription, 1))).toEqual([2])
    await bus.close()
  })

  it('fails one event alone when the store refuses it among others', async () => {
    const inner = memoryStore()
    const refused = randomUUID()
    const bus = createBus({
      catalogue,
      store: {
        async append(events) {
          if (events.some(({ envelope }) => envelope.aggregate_id === refused)) throw new Error('no such row')
          await inner.append(events)
        }
      }
    })
    const results = await Promise.allSettled(
      [randomUUID(), refused, randomUUID()].map(id => bus.publish('badge.awarded', id, badge()))
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(inner.envelopes).toHaveLength(2)
    await bus.close()
  })

  it('is CLOSED after close, for publish and subscribe; waiting readers get what is left, then the end', async () => {
    const { store, call } = gatedStore()
    const bus = createBus({ catalogue, store })
    const subscription = bus.subscribe('any')
    const underWay = bus.publish('badge.awarded', randomUUID(), badge('1'))
    const { answer } = await call(0)
    const queued = bus.publish('badge.awarded', randomUUID(), badge('2')).catch(e => e)
    const closing = bus.close()
    expect(await queued).toMatchObject({ code: 'CLOSED', outcome: 'failed' })
    answer.resolve()
    await underWay
    await closing
    expect(await bus.closed).toBeUndefined()
    expect(reasons(await take(subscription, 5))).toEqual([1])
    const late = await bus.publish('badge.awarded', randomUUID(), badge()).catch(e => e)
    expect(late).toMatchObject({ name: 'BusError', code: 'CLOSED', outcome: 'failed', retryable: false })
    expect(() => bus.subscribe('late')).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('is OPTIONS_INVALID for options that make no sense', () => {
    expect(() => createBus({ catalogue, store: memoryStore(), bufferSize: 0 })).toThrow(
      'Expected `bufferSize` to be a whole number from 1, got 0'
    )
    expect(() => createBus({ catalogue, store: memoryStore(), source: 'a b' })).toThrow('`source`')
    expect(() => createBus({ catalogue, store: memoryStore(), versions: { 'lesson.published': 9 } })).toThrow(
      'from 1 to 2, got 9'
    )
  })
})

describe('versions', () => {
  it('publishes the pinned one', async () => {
    const store = memoryStore()
    await using bus = createBus({ catalogue, store, versions: { 'lesson.published': 1 } })
    const lesson = { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID() }
    expect(await bus.publish('lesson.published', lesson.lesson_id, lesson)).toMatchObject({ schemaVersion: 1 })
    expect(store.envelopes[0]).toMatchObject({ payload: lesson, schema_version: 1 })
    const error = await bus.publish('lesson.published', lesson.lesson_id, { ...lesson, title: 'x' }).catch(e => e)
    expect(error).toMatchObject({ field: 'title' })
  })
})

describe('the payload', () => {
  const catalogue = catalogueOf<EventMap>({
    'thing.done': [
      {
        type: 'record',
        name: 'Thing',
        fields: [
          { name: 'constructor', type: ['double', 'long'] },
          { name: 'next', type: ['null', 'Thing'], default: null }
        ]
      }
    ]
  })
  const nested = (levels: number): object =>
    Array.from({ length: levels - 1 }).reduce<object>(next => ({ constructor: 0.5, next }), {
      constructor: 9_007_199_254_740_993n,
      next: null
    })

  it('is handed on and stored as it was published', async () => {
    const store = memoryStore()
    await using bus = createBus<EventMap>({ store, catalogue })
    const subscription = bus.subscribe('all')
    await bus.publish('thing.done', randomUUID(), nested(100))
    const [item] = await take(subscription, 1)
    expect(item?.kind === 'event' && item.envelope.payload).toEqual(nested(100))
    expect(store.envelopes[0]?.payload).toEqual(nested(100))
  })

  it.each([101, 2_500, 20_000])('of %d levels is refused by the field where it is too deep', async levels => {
    await using bus = createBus<EventMap>({ store: memoryStore(), catalogue })
    const error = await bus.publish('thing.done', randomUUID(), nested(levels)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', field: expect.stringMatching(/^next(\.next){99}$/) })
    expect((error as Error).message).toContain('deeper than 100 levels')
  })
})

describe('what a bus reports', () => {
  it('counts what is stored, refused and unknown, and what waits', async () => {
    const { store, call } = gatedStore()
    await using bus = createBus({ catalogue, store })
    const first = bus.publish('badge.awarded', randomUUID(), badge())
    const { answer } = await call(0)
    const second = bus.publish('badge.awarded', randomUUID(), badge())
    expect(bus.stats()).toMatchObject({ published: 0, unacknowledged: 2 })
    expect(bus.stats().unacknowledgedBytes).toBeGreaterThan(200)
    answer.resolve()
    await first
    expect(bus.stats()).toMatchObject({ published: 1, unacknowledged: 1 })
    ;(await call(1)).answer.reject(new Error('lost'))
    await expect(second).rejects.toMatchObject({ outcome: 'unknown' })
    const third = bus.publish('badge.awarded', randomUUID(), badge())
    const late = await call(2)
    const fourth = bus.publish('badge.awarded', randomUUID(), badge())
    const answered = Promise.allSettled([third, fourth])
    const closing = bus.close()
    late.answer.resolve()
    await closing
    expect((await answered).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(bus.stats()).toEqual({
      published: 2,
      failed: 1,
      unknown: 1,
      unacknowledged: 0,
      unacknowledgedBytes: 0
    })
  })

  it('is ready before its first event, and not once it is closed', async () => {
    const bus = createBus({ catalogue, store: memoryStore() })
    expect(bus.health()).toEqual({ notReady: [], dead: [] })
    await bus.close()
    expect(bus.health()).toEqual({ notReady: ['it has stopped'], dead: [] })
  })
})
