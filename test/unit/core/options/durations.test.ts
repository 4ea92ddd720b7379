import { expect, test, vi } from 'vitest'
import { backoffMs, pause } from '../../../../core/backoff.ts'
import { machineClock, within } from '../../../../core/clock.ts'
import { durationWords, isDuration, longestTimerMs } from '../../../../core/options/durations.ts'

test('a duration is a whole number of ms that a timer can hold', () => {
  expect([0, 1, longestTimerMs].map(value => isDuration(value, 1))).toEqual([false, true, true])
  for (const value of [longestTimerMs + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, 5n])
    expect(isDuration(value, 0)).toBe(false)
  expect(durationWords(1)).toBe('a whole number of ms from 1 to 2147483647 (24.8 days)')
})

test('a wait that is longer than a timer can hold does not end at once', async () => {
  vi.useFakeTimers()
  try {
    let ended = 0
    for (const ms of [2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      void pause(ms).then(() => ended++)
      void within(ms, new Promise(() => undefined)).then(() => ended++)
      machineClock.every(ms, () => ended++)
    }
    await vi.advanceTimersByTimeAsync(longestTimerMs - 1)
    expect(ended).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a back-off never grows past what a timer can hold', () => {
  expect(backoffMs(5_000, { maxMs: longestTimerMs, jitter: 0 })).toBe(longestTimerMs)
})
