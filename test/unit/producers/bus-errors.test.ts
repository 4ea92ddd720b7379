import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createBus, memoryStore } from '../../../producers/bus/index.ts'
import { PublishError } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { catalogueOf, type EventMap } from '../../../schemas/index.ts'
import { badge, gatedStore, Outage, quiz, reasons, take } from './bus-parts.ts'

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
    expect(bus.stats()).toMatchObject({ failed: 0, unknown: 1 })
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
