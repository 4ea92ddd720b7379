import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TopicBreakers } from '../../../../consumers/intake/topic-breakers.ts'
import type { Message, Outcome } from '../../../../consumers/pipeline/index.ts'
import { silentLogger } from '../../../../core/logger.ts'
import { partitionsOf } from './world.ts'

const breaker = { window: 10, ratio: 0.5, probeAfterMs: 1_000, probes: 2 }

function breakers(options: typeof breaker | false = breaker) {
  const world = partitionsOf({ a: [0, 1], b: [0] })
  const topics = new TopicBreakers({ ...world, breaker: options, log: silentLogger })
  let offset = 0
  const message = (topic: string): Message => {
    offset += 1
    return { source: world.of(topic, 0), record: { offset } } as Message
  }
  const end = (outcome: Outcome, count = 1, topic = 'a'): void => {
    for (let n = 0; n < count; n += 1) topics.ended(message(topic), outcome)
  }
  /** Takes one message as a batch would be taken, and ends it. */
  const tryOne = (outcome: Outcome): void => {
    const probe = message('a')
    topics.taken(probe)
    topics.ended(probe, outcome)
  }
  return { ...world, topics, message, end, tryOne }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the breakers of topics', () => {
  it('stop all partitions of a topic of which most messages failed, and of no other one', () => {
    const { topics, end, paused, of } = breakers()
    end('dead-lettered', 6)
    expect(topics.stopped).toEqual([{ topic: 'a', messages: 6, failed: 6 }])
    expect([...paused]).toEqual(['a/0', 'a/1'])
    expect([of('a', 1).isStopped, of('b', 0).isStopped]).toEqual([true, false])
    expect([topics.room('a'), topics.room('b')]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  it('count what was handled or failed for good, and neither what was parked nor what was left or passed', () => {
    const { topics, end } = breakers()
    for (const outcome of ['parked', 'passed', 'left'] as const) end(outcome, 100)
    end('dead-lettered', 5)
    expect(topics.stopped).toEqual([])
    for (const outcome of ['parked', 'passed', 'left'] as const) end(outcome, 100)
    end('dead-lettered')
    expect(topics.stopped).toEqual([{ topic: 'a', messages: 6, failed: 6 }])
  })

  it('try one message at a time after a while, and read on after enough that were handled in a row', () => {
    const { topics, end, message, paused, tryOne } = breakers()
    end('dead-lettered', 6)
    vi.advanceTimersByTime(1_000)
    expect([topics.room('a'), paused.size]).toEqual([1, 0])
    const probe = message('a')
    topics.taken(probe)
    expect([topics.room('a'), [...paused]]).toEqual([0, ['a/0', 'a/1']])
    // What ran before says nothing about now.
    end('handled', 5)
    expect(topics.room('a')).toBe(0)
    topics.ended(probe, 'handled')
    expect(topics.room('a')).toBe(1)
    tryOne('handled')
    expect([topics.stopped, topics.room('a')]).toEqual([[], Number.POSITIVE_INFINITY])
  })

  it('learn nothing from a message that was parked or left while single ones are tried: the next one is', () => {
    const { topics, end, tryOne } = breakers()
    end('dead-lettered', 6)
    vi.advanceTimersByTime(1_000)
    for (const outcome of ['parked', 'left', 'passed'] as const) {
      tryOne(outcome)
      tryOne(outcome)
      expect([topics.stopped.length, topics.room('a')]).toEqual([1, 1])
    }
    tryOne('dead-lettered')
    expect([topics.stopped.length, topics.room('a')]).toEqual([1, 0])
    vi.advanceTimersByTime(999)
    expect(topics.room('a')).toBe(0)
    vi.advanceTimersByTime(1)
    expect(topics.room('a')).toBe(1)
  })

  it('try another message where the one that was taken is forgotten before it is started', () => {
    const { topics, end, message } = breakers()
    end('dead-lettered', 6)
    vi.advanceTimersByTime(1_000)
    const probe = message('a')
    topics.taken(probe)
    topics.forgotten(probe)
    expect(topics.room('a')).toBe(1)
  })

  it('are closed by hand, and count from zero then', () => {
    const { topics, end, paused } = breakers()
    end('dead-lettered', 6)
    topics.close(topic => topic === 'b')
    expect(topics.stopped.length).toBe(1)
    topics.close(() => true)
    expect([topics.stopped, paused.size]).toEqual([[], 0])
    end('dead-lettered', 5)
    expect(topics.stopped).toEqual([])
    end('dead-lettered')
    expect(topics.stopped.length).toBe(1)
  })

  it('stop partitions that come later, too', () => {
    const { topics, end, assignment, paused } = breakers()
    end('dead-lettered', 6)
    assignment.replace(new Map([['a', [0, 1, 2]]]))
    topics.apply()
    expect([...paused]).toContain('a/2')
  })

  it('do not exist where they are switched off', () => {
    const { topics, end } = breakers(false)
    end('dead-lettered', 1_000)
    expect(topics.stopped).toEqual([])
  })
})
