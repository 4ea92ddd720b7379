import { setImmediate as turn } from 'node:timers/promises'
import { safeError } from './errors.ts'
import type { Logger } from './logger.ts'
import { longestTimerMs } from './options/index.ts'

/** What time it is and how to wait: the machine's own, or one that a simulation moves. */
export interface Clock {
  /** ms since 1970, for dates that people or other systems read. An administrator or NTP may set it back or forward. */
  now(): number
  /** ms since some start, for waits, deadlines and ages: it never goes back. */
  monotonic(): number
  /** Runs `work` once, in `ms`, and in almost 25 days at most. @returns what calls it off */
  after(ms: number, work: () => void): () => void
  /** Runs `work` every `ms`. @returns what ends it */
  every(ms: number, work: () => void): () => void
  /** Lets whatever is due go first. */
  turn(): Promise<void>
  /** From 0 to 1: the jitter of pauses. */
  random(): number
}

export const machineClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, Math.min(ms, longestTimerMs))
    return () => clearTimeout(timer)
  },
  every(ms, work) {
    const timer = setInterval(work, Math.min(ms, longestTimerMs))
    return () => clearInterval(timer)
  },
  turn,
  random: () => Math.random()
}

/** Waits for `work` at most `ms`; resolves to false when it took longer (the work itself continues). */
export async function within(ms: number, work: Promise<unknown>, clock: Clock = machineClock): Promise<boolean> {
  let callOff: (() => void) | undefined
  const late = new Promise<false>(resolve => {
    callOff = clock.after(ms, () => resolve(false))
  })
  try {
    return await Promise.race([work.then(() => true as const), late])
  } finally {
    callOff?.()
  }
}

/** Does `work` every `ms`, never twice at once; what fails is done again the next time. @returns what ends it. */
export function regularly(ms: number, log: Logger, work: () => Promise<void>, clock: Clock = machineClock): () => void {
  let running = false
  return clock.every(ms, () => {
    if (running) return
    running = true
    work()
      .catch(error => log.warn({ err: safeError(error) }, 'a periodic task failed; it is retried at its next turn'))
      .finally(() => {
        running = false
      })
  })
}
