/**
 * ms to wait before each attempt, as Svix has it: at once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h after the one
 * before. 27.6 hours in all.
 * @see https://docs.svix.com/retries
 */
export const retryTableMs: readonly number[] = [
  0,
  5_000,
  5 * 60_000,
  30 * 60_000,
  2 * 3_600_000,
  5 * 3_600_000,
  10 * 3_600_000,
  10 * 3_600_000
]

/** Share of a wait that is added at random, so that what failed together does not come again together. */
const jitter = 0.2

/** ms without a success after which an endpoint is switched off: five days. */
export const failingMs = 5 * 24 * 3_600_000

/**
 * ms until the next attempt.
 * @param attempts how many there were
 * @param retryAfterMs what the receiver asked for: it is not asked earlier
 * @param random from 0 to 1
 * @returns undefined when that was the last one
 */
export function nextAttemptMs(attempts: number, retryAfterMs: number | undefined, random: number): number | undefined {
  const wait = retryTableMs[attempts]
  if (wait === undefined) return undefined
  return Math.round(Math.max(wait, retryAfterMs ?? 0) * (1 + jitter * random))
}

/**
 * ms for which nothing more is sent over a channel whose server is away. Grows from 1 s to 30 s; how long it has been away
 * is no reason to give a mail up.
 * @param failures how many attempts in a row have found it away
 */
export const awayMs = (failures: number): number => Math.min(30_000, 1_000 * 2 ** Math.min(failures - 1, 5))
