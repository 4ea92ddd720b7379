import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, pause, retry } from '../../../core/backoff.ts'

describe('the pause before a retry', () => {
  it('grows by its factor up to its maximum', () => {
    const steps = [1, 2, 3, 4, 5, 6].map(attempt => backoffMs(attempt, { initialMs: 100, maxMs: 1_000, jitter: 0 }))
    expect(steps).toEqual([100, 200, 400, 800, 1_000, 1_000])
    expect(backoffMs(1_000_000, { maxMs: 5_000, jitter: 0 })).toBe(5_000)
    expect(backoffMs(0, { initialMs: 100, jitter: 0 })).toBe(100)
  })

  it('is shortened by chance, by no more than its jitter', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        chance,
        (attempt, jitter, random) => {
          const full = backoffMs(attempt, { jitter: 0 })
          const ms = backoffMs(attempt, { jitter }, () => random)
          expect(ms).toBeLessThanOrEqual(full)
          expect(ms).toBeGreaterThanOrEqual(Math.floor(full * (1 - jitter)))
        }
      )
    )
  })

  it('ends early when it is aborted, also before it began', async () => {
    const stop = new AbortController()
    const long = pause(60_000, stop.signal)
    stop.abort()
    expect(await long).toBe(false)
    expect(await pause(60_000, stop.signal)).toBe(false)
    expect(await pause(0)).toBe(true)
  })

  it('has one listener on a signal, however many pause, and none when all are over', async () => {
    const stop = new AbortController()
    const listeners = () => getEventListeners(stop.signal, 'abort').length
    const short = [pause(0, stop.signal), pause(1, stop.signal)]
    const long = Array.from({ length: 1_000 }, () => pause(60_000, stop.signal))
    expect(listeners()).toBe(1)
    expect(await Promise.all(short)).toEqual([true, true])
    stop.abort()
    expect(new Set(await Promise.all(long))).toEqual(new Set([false]))
    const other = new AbortController()
    await Promise.all([pause(0, other.signal), pause(0, other.signal)])
    expect(getEventListeners(other.signal, 'abort')).toEqual([])
  })
})

describe('retrying', () => {
  const quick = { initialMs: 0, maxMs: 0 }

  it('continues until the work succeeds, and numbers the attempts', async () => {
    const told: number[] = []
    const answer = await retry(
      async attempt => {
        if (attempt < 4) throw new Error(`no ${attempt}`)
        return attempt
      },
      { ...quick, onRetry: (_, attempt) => told.push(attempt) }
    )
    expect([answer, told]).toEqual([4, [1, 2, 3]])
  })

  it('ends with the last error when it is not worth another attempt', async () => {
    const work = async (attempt: number) => {
      throw new Error(attempt < 3 ? 'away' : 'wrong')
    }
    const retryable = (error: unknown) => (error as Error).message === 'away'
    await expect(retry(work, { ...quick, retryable })).rejects.toThrow('wrong')
  })

  it('does not begin a pause that would pass the deadline', async () => {
    let attempts = 0
    const work = async () => {
      attempts += 1
      throw new Error('away')
    }
    await expect(retry(work, { initialMs: 60_000, maxMs: 60_000, deadlineMs: 1_000 })).rejects.toThrow('away')
    expect(attempts).toBe(1)
  })

  it('ends with the error when it is aborted in its pause', async () => {
    const stop = new AbortController()
    const work = async () => {
      throw new Error('away')
    }
    const onRetry = () => stop.abort()
    await expect(retry(work, { initialMs: 60_000, maxMs: 60_000, signal: stop.signal, onRetry })).rejects.toThrow(
      'away'
    )
  })
})
