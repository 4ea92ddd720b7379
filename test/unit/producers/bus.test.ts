import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BusItem, createBus, memoryStore } from '../../../producers/bus/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import type { Envelope } from '../../../schemas/index.ts'
import { runs } from '../../support/properties.ts'
import { badge, gatedStore, quiz, reasons, take } from './bus-parts.ts'

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
