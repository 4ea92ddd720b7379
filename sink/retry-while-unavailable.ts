import type { Logger } from '../core/index.ts'
import { backoffMs, type Clock, machineClock, pause, safeError } from '../core/index.ts'
import { classify, isProgramFault } from '../postgres/index.ts'
import { TrailError } from '../trail/index.ts'

/**
 * Repeats `work` with back-off while a server is out of reach; undefined when the signal ended it.
 * Passes through what no retry mends.
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
      log.warn({ err: safeError(error), attempt, waitMs }, 'waiting for a server, nothing is dropped')
      await pause(waitMs, signal, clock)
    }
  }
  return undefined
}
