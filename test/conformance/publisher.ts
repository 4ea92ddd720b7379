import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EventtrailError } from '../../core/errors.ts'
import { PublishAllError, type Publisher } from '../../producers/index.ts'
import type { Events } from '../../schemas/catalogue/index.ts'
import type { Envelope } from '../../schemas/index.ts'
import { eventually } from '../support/stack.ts'

/** A publisher under test, and a look at what it stored. */
export interface PublisherUnderTest {
  readonly publisher: Publisher<Events>
  /** Everything stored under an event name; events of one aggregate in the order of the store. */
  stored(eventName: string): Promise<readonly Envelope[]>
}

const badge = (reason: string, id: string = randomUUID()) => ({ badge_id: id, awarded_to: randomUUID(), reason })

async function rejection(work: Promise<unknown>): Promise<EventtrailError & Record<string, unknown>> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown
  )
  if (!(error instanceof EventtrailError)) throw new Error('expected a rejection with a typed error', { cause: error })
  return error as EventtrailError & Record<string, unknown>
}

/** What every publisher promises, whatever it publishes to. `make` is called for each publisher that a test uses up. */
export function publisherConformance(name: string, make: () => Promise<PublisherUnderTest>): void {
  describe(`${name} as a publisher`, () => {
    let under: PublisherUnderTest
    beforeAll(async () => {
      under = await make()
    })
    afterAll(() => under.publisher.close())

    const storedOf = async (eventName: string, aggregateId: string) =>
      (await under.stored(eventName)).filter(envelope => envelope.aggregate_id === aggregateId)

    it('resolves when the event is stored, with its id and the version of its schema', async () => {
      const aggregate = randomUUID()
      const payload = badge('ten lessons')
      const before = BigInt(Date.now()) * 1000n
      const receipt = await under.publisher.publish('badge.awarded', aggregate, payload)
      const after = BigInt(Date.now()) * 1000n
      expect(receipt.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(receipt.schemaVersion).toBe(1)
      const [envelope, ...others] = await storedOf('badge.awarded', aggregate)
      expect(others).toEqual([])
      expect(envelope).toMatchObject({
        id: receipt.id,
        aggregate_id: aggregate,
        event_name: 'badge.awarded',
        payload,
        schema_version: 1
      })
      expect(envelope?.occurred_at).toBeGreaterThanOrEqual(before)
      expect(envelope?.occurred_at).toBeLessThanOrEqual(after)
    })

    it('keeps the id and the time it is given', async () => {
      const aggregate = randomUUID()
      const id = randomUUID()
      const microseconds = 1_789_000_000_123_456n
      await under.publisher.publish('badge.awarded', aggregate, badge('a'), {
        id: id.toUpperCase(),
        occurredAt: microseconds
      })
      await under.publisher.publish('badge.awarded', aggregate, badge('b'), { occurredAt: new Date(1_789_000_000_123) })
      const [one, other] = await storedOf('badge.awarded', aggregate)
      expect(one).toMatchObject({ id, occurred_at: microseconds })
      expect(other?.occurred_at).toBe(1_789_000_000_123_000n)
    })

    it('takes the time from an id of version 7: the same event again is the same', async () => {
      const aggregate = randomUUID()
      const id = v7({ msecs: 1_789_000_000_123 })
      await under.publisher.publish('badge.awarded', aggregate, badge('a'), { id })
      const [envelope] = await storedOf('badge.awarded', aggregate)
      expect(envelope).toMatchObject({ id, occurred_at: 1_789_000_000_123_000n })
    })

    it('stores the same event again under the id that it was given here', async () => {
      const events = Array.from({ length: 200 }, () => ({ aggregate: randomUUID(), payload: badge('a') }))
      for (const { aggregate, payload } of events) {
        const { id } = await under.publisher.publish('badge.awarded', aggregate, payload)
        // As after an unknown outcome, whose error has the id.
        await under.publisher.publish('badge.awarded', aggregate, payload, { id })
      }
      const stored = await under.stored('badge.awarded')
      for (const { aggregate } of events) {
        const [first, ...again] = stored.filter(envelope => envelope.aggregate_id === aggregate)
        for (const envelope of again) expect(envelope).toEqual(first)
      }
    })

    it('stores payloads as every reader gets them: defaults filled, UUIDs in lower case, floats of 32 bits', async () => {
      const lesson = randomUUID()
      const upper = { lesson_id: lesson.toUpperCase(), instructor_id: randomUUID(), course_id: randomUUID() }
      const { schemaVersion } = await under.publisher.publish('lesson.published', lesson.toUpperCase(), upper)
      expect(schemaVersion).toBe(2)
      const [published] = await storedOf('lesson.published', lesson)
      expect(published?.payload).toEqual({ ...upper, lesson_id: lesson, title: '' })
      const quiz = { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: 87.3 }
      await under.publisher.publish('quiz.submitted', quiz.submission_id, quiz)
      expect((await storedOf('quiz.submitted', quiz.submission_id))[0]?.payload).toEqual(quiz)
    })

    it('reads its arguments at once', async () => {
      const aggregate = randomUUID()
      const payload = badge('as it was')
      const publishing = under.publisher.publish('badge.awarded', aggregate, payload)
      payload.reason = 'changed afterwards'
      await publishing
      expect((await storedOf('badge.awarded', aggregate))[0]?.payload).toMatchObject({ reason: 'as it was' })
    })

    it('keeps the order of unawaited calls for one aggregate', async () => {
      const aggregate = randomUUID()
      const reasons = Array.from({ length: 300 }, (_, index) => `number ${index}`)
      await Promise.all(reasons.map(reason => under.publisher.publish('badge.awarded', aggregate, badge(reason))))
      const stored = await storedOf('badge.awarded', aggregate)
      expect(stored.map(({ payload }) => (payload as { reason: string }).reason)).toEqual(reasons)
    })

    const secret = 'a value that must not be repeated'
    const loose = (): Publisher => under.publisher as unknown as Publisher
    it.each([
      ['an event that the catalogue does not have', 'badge.lost', { reason: secret }, {}, undefined],
      ['a field of the wrong type', 'badge.awarded', { ...badge(secret), awarded_to: secret }, {}, 'awarded_to'],
      ['a missing field', 'badge.awarded', { badge_id: randomUUID(), reason: secret }, {}, 'awarded_to'],
      ['a field that the schema does not have', 'badge.awarded', { ...badge(secret), colour: secret }, {}, 'colour'],
      ['no payload', 'badge.awarded', undefined, {}, ''],
      ['an id that is no UUID', 'badge.awarded', badge(secret), { id: secret }, 'id'],
      ['an id that tells no time, without one', 'badge.awarded', badge(secret), { id: randomUUID() }, 'occurredAt'],
      ['a time that is none', 'badge.awarded', badge(secret), { occurredAt: new Date(Number.NaN) }, 'occurredAt'],
      ['an actor with a line feed', 'badge.awarded', badge(secret), { actor: `${secret}\n` }, 'actor'],
      ['an e-mail address as actor', 'badge.awarded', badge(secret), { actor: 'secret@school.example' }, 'actor'],
      ['a traceparent that is none', 'badge.awarded', badge(secret), { traceparent: secret }, 'traceparent']
    ])('refuses %s and stores nothing', async (_, eventName, payload, options, field) => {
      const aggregate = randomUUID()
      const error = await rejection(loose().publish(eventName, aggregate, payload as object, options))
      expect(error).toMatchObject({ outcome: 'failed', retryable: false, eventName })
      expect(error.field).toBe(field)
      expect(error.message).toContain(eventName)
      if (field) expect(error.message).toContain(field)
      expect(JSON.stringify([error.message, (error.cause as Error | undefined)?.message])).not.toContain(secret)
      if (eventName === 'badge.awarded') expect(await storedOf(eventName, aggregate)).toEqual([])
    })

    it.each([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e39
    ])('refuses the score %d', async score => {
      const quiz = { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: score }
      const error = await rejection(under.publisher.publish('quiz.submitted', quiz.submission_id, quiz))
      expect(error).toMatchObject({ outcome: 'failed', field: 'score_raw' })
      expect(await storedOf('quiz.submitted', quiz.submission_id)).toEqual([])
    })

    it('refuses an aggregate id that is no UUID', async () => {
      const error = await rejection(under.publisher.publish('badge.awarded', 'lesson-1', badge('a')))
      expect(error).toMatchObject({ outcome: 'failed', field: 'aggregateId' })
    })

    it('publishes many, in order, from arrays and from async generators', async () => {
      const aggregate = randomUUID()
      const event = (reason: string) => ({
        eventName: 'badge.awarded' as const,
        aggregateId: aggregate,
        payload: badge(reason),
        id: v7()
      })
      const first = Array.from({ length: 50 }, (_, index) => event(`array ${index}`))
      const second = Array.from({ length: 50 }, (_, index) => event(`generator ${index}`))
      const receipts = [
        ...(await under.publisher.publishAll(first)),
        ...(await under.publisher.publishAll(
          (async function* () {
            yield* second
          })()
        ))
      ]
      const ids = [...first, ...second].map(each => each.id)
      expect(receipts.map(({ id }) => id)).toEqual(ids)
      expect((await storedOf('badge.awarded', aggregate)).map(({ id }) => id)).toEqual(ids)
      expect(await under.publisher.publishAll([])).toEqual([])
    })

    it('publishes the good ones of many, and says which were bad', async () => {
      const aggregate = randomUUID()
      const event = (reason: unknown) => ({
        eventName: 'badge.awarded' as const,
        aggregateId: aggregate,
        payload: badge(reason as string)
      })
      const error = await rejection(under.publisher.publishAll([event('good'), event(7), event('good too')]))
      expect(error).toBeInstanceOf(PublishAllError)
      const { results } = error as unknown as PublishAllError
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await storedOf('badge.awarded', aggregate)).toHaveLength(2)
    })

    it('counts what it published and what waits, is ready, and says when it has stopped', async () => {
      const { publisher } = await make()
      const publishing = publisher.publish('badge.awarded', randomUUID(), badge('counted'))
      expect(publisher.stats()).toMatchObject({ published: 0, failed: 0, unknown: 0, unacknowledged: 1 })
      expect(publisher.stats().unacknowledgedBytes).toBeGreaterThan(50)
      await publishing
      expect(publisher.stats()).toEqual({
        published: 1,
        failed: 0,
        unknown: 0,
        unacknowledged: 0,
        unacknowledgedBytes: 0
      })
      await eventually(() => publisher.health().notReady.length === 0, { what: 'it is ready' })
      await publisher.close()
      expect(publisher.health()).toEqual({ notReady: ['it has stopped'], dead: [] })
    })

    it('drains: what was called is stored, what is called later is refused', async () => {
      const { publisher, stored } = await make()
      const aggregate = randomUUID()
      const publishing = Array.from({ length: 20 }, (_, index) =>
        publisher.publish('badge.awarded', aggregate, badge(`${index}`))
      )
      const draining = publisher.drain()
      expect(publisher.drain()).toBe(draining)
      const late = await rejection(publisher.publish('badge.awarded', aggregate, badge('late')))
      expect(late).toMatchObject({ outcome: 'failed', retryable: false })
      await draining
      await Promise.all(publishing)
      await publisher.close()
      expect(await publisher.closed).toBeUndefined()
      expect((await stored('badge.awarded')).filter(each => each.aggregate_id === aggregate)).toHaveLength(20)
    })

    it('answers every call when it is closed at once', async () => {
      const { publisher, stored } = await make()
      const aggregate = randomUUID()
      const publishing = Array.from({ length: 20 }, (_, index) =>
        publisher.publish('badge.awarded', aggregate, badge(`${index}`), { id: v7() })
      )
      const settled = Promise.allSettled(publishing)
      await publisher.close()
      const results = await settled
      const ids = new Set((await stored('badge.awarded')).map(({ id }) => id))
      for (const result of results) {
        if (result.status === 'fulfilled') expect(ids).toContain(result.value.id)
        else if (result.reason.outcome === 'failed') expect(ids).not.toContain(result.reason.id)
        else expect(result.reason.outcome).toBe('unknown')
      }
    })
  })
}
