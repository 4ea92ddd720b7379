import type { Logger } from '../core/index.ts'
import { backoffMs, type Clock, machineClock, pause, safeError } from '../core/index.ts'
import { classify, isProgramFault, TrailError } from '../trail/index.ts'

/**
 * Repeats `work` with back-off while a server is unreachable; undefined when the signal ended it.
 * Passes on errors that no retry fixes.
 */
export async function retryWhileUnavailable<T>(
  signal: AbortSignal,
  log: Logger,
  work: () => Promise<T>,
  clock: Clock = machineClock
): Promise<T | undefined> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if ((error instanceof TrailError && !error.retryable) || classify(error) === 'defect' || isProgramFault(error))
        throw error
      const waitMs = backoffMs(attempt, { maxMs: 3_000 }, clock.random)
      log.warn({ err: safeError(error), attempt, waitMs }, 'dependency unavailable; retrying, nothing is dropped')
      await pause(waitMs, signal, clock)
    }
  }
  return undefined
}
