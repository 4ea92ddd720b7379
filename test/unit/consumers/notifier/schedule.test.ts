import { expect, test } from 'vitest'
import { awayMs, nextAttemptMs, retryTableMs } from '../../../../consumers/notifier/deliveries/schedule.ts'
import { outcomeOf } from '../../../../consumers/notifier/deliveries/webhook-channel.ts'
import { mostRetryAfterMs, retryAfterOf } from '../../../../consumers/notifier/webhooks/retry-after.ts'

const [second, minute, hour] = [1_000, 60_000, 3_600_000]

/** The times of all attempts, in virtual time, of a receiver that never takes it. */
function attemptsOf(random: number, retryAfterMs?: number): number[] {
  const times: number[] = []
  let now = 0
  for (let wait: number | undefined = 0; wait !== undefined; wait = nextAttemptMs(times.length, retryAfterMs, random)) {
    now += wait
    times.push(now)
  }
  return times
}

test('eight attempts: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h', () => {
  const waits = [0, 5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour]
  expect(retryTableMs).toEqual(waits)
  let now = 0
  expect(attemptsOf(0)).toEqual(waits.map(wait => (now += wait)))
})

test('jitter makes a wait longer by a fifth at most, and never shorter', () => {
  expect(nextAttemptMs(1, undefined, 1)).toBe(6 * second)
  expect(attemptsOf(0.999).length).toBe(8)
})

test('what the receiver asks for is kept, and shortens nothing', () => {
  expect(nextAttemptMs(1, minute, 0)).toBe(minute)
  expect(nextAttemptMs(4, second, 0)).toBe(2 * hour)
  expect(nextAttemptMs(8, minute, 0)).toBeUndefined()
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['-3', undefined],
  ['0', 0],
  ['120', 120 * second],
  ['999999999', mostRetryAfterMs],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 28 * minute],
  ['Wed, 21 Oct 2026 06:28:00 GMT', 0]
])('Retry-After: %s', (header, ms) => {
  expect(retryAfterOf(header, Date.parse('2026-10-21T07:00:00Z'))).toBe(ms)
})

test.each([
  [200, 'delivered'],
  [204, 'delivered'],
  [299, 'delivered'],
  [301, 'again'],
  [307, 'again'],
  [400, 'again'],
  [404, 'again'],
  [410, 'refused'],
  [429, 'again'],
  [500, 'again'],
  [503, 'again']
])('status %d: %s', (status, kind) => {
  expect(outcomeOf({ status, retryAfterMs: undefined }).kind).toBe(kind)
})

test('a channel that is away is tried after 1 s, and at least every 30 s', () => {
  expect([1, 2, 3, 6, 60].map(awayMs)).toEqual([1_000, 2_000, 4_000, 30_000, 30_000])
})
