import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker } from '../../../../consumers/intake/breaker.ts'

const options = { window: 10, ratio: 0.5, probeAfterMs: 1_000, probes: 3 }

function tripped(): Breaker {
  const breaker = new Breaker(options)
  for (let n = 0; n < 6; n += 1) breaker.ended(true)
  expect(breaker.state).toBe('open')
  return breaker
}

describe('the breaker of a topic', () => {
  it('trips with the first message at which more than its share of the latest window has failed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(0, 0.25, 0.5, 0.9),
        (messages, window, ratio) => {
          const breaker = new Breaker({ ...options, window, ratio })
          for (let index = 0; index < messages.length; index += 1) {
            const latest = messages.slice(Math.max(0, index + 1 - window), index + 1)
            const failed = latest.filter(Boolean).length
            const trips = failed > ratio * window
            expect(breaker.ended(messages[index] === true)).toBe(trips)
            expect(breaker.counts).toEqual({ messages: latest.length, failed })
            expect(breaker.state).toBe(trips ? 'open' : 'closed')
            if (trips) break
          }
        }
      )
    )
  })

  it('does not trip at its share, and counts what is handled in between', () => {
    const breaker = new Breaker(options)
    for (let n = 0; n < 100; n += 1) expect(breaker.ended(n % 2 === 0)).toBe(false)
  })

  it('counts nothing while it is open', () => {
    const breaker = tripped()
    for (let n = 0; n < 20; n += 1) expect(breaker.ended(false)).toBe(false)
    expect(breaker.state).toBe('open')
  })

  it('closes after so many messages in a row, and begins to count again', () => {
    const breaker = tripped()
    breaker.probe()
    expect([1, 2, 3].map(() => breaker.ended(false))).toEqual([false, false, true])
    expect(breaker.state).toBe('closed')
    expect(breaker.counts).toEqual({ messages: 0, failed: 0 })
    for (let n = 0; n < 5; n += 1) expect(breaker.ended(true)).toBe(false)
    expect(breaker.ended(true)).toBe(true)
  })

  it('opens again with the first one that fails, and the row begins again', () => {
    const breaker = tripped()
    breaker.probe()
    breaker.ended(false)
    breaker.ended(false)
    expect(breaker.ended(true)).toBe(true)
    expect(breaker.state).toBe('open')
    breaker.probe()
    expect([1, 2, 3].map(() => breaker.ended(false))).toEqual([false, false, true])
  })

  it('is closed by hand, also while it is half open', () => {
    const breaker = tripped()
    breaker.probe()
    breaker.close()
    expect(breaker.state).toBe('closed')
    breaker.probe()
    expect(breaker.state).toBe('closed')
  })
})
