import { EventEmitter } from 'node:events'
import type { Consumer } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LifeView } from '../../../core/index.ts'
import { silentLogger } from '../../../core/logger.ts'
import { MemberHealth, type MemberView } from '../../../kafka/health.ts'
import { withDefaults } from '../../../kafka/kafkajs/member/consumer-options.ts'
import { ConsumerVitals } from '../../../kafka/kafkajs/member/vitals.ts'
import type { AdminLine } from '../../../kafka/types/index.ts'
import { Reach } from '../../../observability/health.ts'

const life = (state: LifeView['state']): LifeView => ({ state, failure: undefined })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const settings = (onReach?: (reached: boolean) => void) =>
  withDefaults({
    group: 'g',
    topics: async () => [],
    onBatch: async () => undefined,
    log: silentLogger,
    ...(onReach && { onReach })
  })

/** What of kafkajs's consumer is listened to, and a way to say it. */
function speaker() {
  const emitter = new EventEmitter()
  const events = { FETCH: 'f', END_BATCH_PROCESS: 'e', REQUEST: 'r', HEARTBEAT: 'h' } as const
  const consumer = { events, on: emitter.on.bind(emitter) } as unknown as Consumer
  const answered = (apiName: string, sentAt = Date.now()) =>
    emitter.emit(events.REQUEST, { payload: { apiName, sentAt } })
  return { consumer, answered, fetched: () => emitter.emit(events.FETCH), beat: () => emitter.emit(events.HEARTBEAT) }
}

describe('the signs of a consumer', () => {
  it('a fetch that asked for nothing is progress only where there is nothing to fetch', () => {
    const vitals = new ConsumerVitals(settings())
    const { consumer, fetched, answered } = speaker()
    let hasToFetch = true
    vitals.listen(consumer, () => hasToFetch)
    vi.advanceTimersByTime(31_000)
    fetched()
    expect(vitals.stalled).toMatchObject({ code: 'CONSUMER_STALLED' })
    hasToFetch = false
    fetched()
    expect(vitals.stalled).toBeUndefined()
    vi.advanceTimersByTime(31_000)
    hasToFetch = true
    expect(vitals.stalled).toBeDefined()
    answered('Heartbeat')
    expect(vitals.stalled).toBeDefined()
    answered('Fetch')
    expect(vitals.stalled).toBeUndefined()
  })

  it('every answer says that Kafka can be reached', () => {
    const onReach = vi.fn()
    const vitals = new ConsumerVitals(settings(onReach))
    const { consumer, answered, fetched } = speaker()
    vitals.listen(consumer, () => false)
    fetched()
    expect(onReach).not.toHaveBeenCalled()
    answered('Metadata')
    expect(onReach).toHaveBeenCalledWith(true)
  })

  it('is away from its group until it has joined, and since it left', () => {
    const vitals = new ConsumerVitals(settings())
    vitals.state = 'joining'
    expect(vitals.awayMs).toBe(Number.POSITIVE_INFINITY)
    vitals.joined()
    vi.advanceTimersByTime(60_000)
    expect(vitals.awayMs).toBe(0)
    vitals.state = 'recovering'
    vi.advanceTimersByTime(4_000)
    vitals.state = 'joining'
    expect(vitals.awayMs).toBe(4_000)
    vitals.state = 'waiting for topics'
    expect(vitals.awayMs).toBe(0)
  })

  it('its lease is counted from when a heartbeat was sent', () => {
    const vitals = new ConsumerVitals(settings())
    const { consumer, answered, beat } = speaker()
    vitals.listen(consumer, () => false)
    const sentAt = Date.now()
    vi.advanceTimersByTime(3_000)
    answered('Heartbeat', sentAt)
    beat()
    expect(vitals.leaseMs).toBe(7_000)
  })

  it('a supervision that does not turn is reported after 75 s, and not while it turns', () => {
    const vitals = new ConsumerVitals(settings())
    const dead = vi.fn()
    vitals.watch(dead)
    for (let turn = 0; turn < 10; turn += 1) {
      vi.advanceTimersByTime(60_000)
      vitals.beat()
    }
    expect(dead).not.toHaveBeenCalled()
    vi.advanceTimersByTime(75_000)
    expect(dead).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(vitals.dead).toBe(true)
    expect(dead).toHaveBeenCalledWith(expect.objectContaining({ code: 'CONSUMER_STALLED', retryable: false }))
    vitals.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the health of a member', () => {
  const silent: AdminLine = {
    ask: () => new Promise(() => undefined),
    heldBackWords: async () => [],
    close: async () => undefined
  }
  const registry = new Reach({ name: 'the registry', probe: () => new Promise(() => undefined) })
  const health = new MemberHealth(silent, [registry])
  const read = (vitals: MemberView['vitals'], more: readonly string[] = []) =>
    health.read(life('running'), { vitals, troubles: [] }, () => more)

  it('is not ready before it has joined, while a server is away, and when it has been out of its group for long', () => {
    registry.heard(true)
    expect(read({ awayMs: Number.POSITIVE_INFINITY, dead: false }).notReady).toEqual([
      'Kafka has not answered yet',
      'no partitions yet'
    ])
    health.kafka.heard(true)
    expect(read({ awayMs: 0, dead: false })).toEqual({ notReady: [], dead: [] })
    expect(read({ awayMs: 9_000, dead: false }).notReady).toEqual([])
    expect(read({ awayMs: 11_000, dead: false }).notReady).toEqual(['no partitions yet'])
    health.kafka.heard(false)
    registry.heard(false)
    expect(
      read({ awayMs: 11_000, dead: false, obstacle: 'Kafka lets no one in' }, ['its topic is gone']).notReady
    ).toEqual(['Kafka is unreachable', 'Kafka lets no one in', 'the registry is unreachable', 'its topic is gone'])
    health.close()
  })

  it('is dead when its loop is, also while it stops', () => {
    for (const state of ['running', 'draining'] as const)
      expect(health.read(life(state), { vitals: { awayMs: 0, dead: true }, troubles: [] }, () => []).dead).toEqual([
        'the Kafka consumer loop is stuck'
      ])
  })
})
