import { type Clock, type Logger, machineClock, retry, safeError } from '../core/index.ts'
import { classify, isProgramFault, TrailError } from '../trail/index.ts'

/**
 * Repeats `work` with back-off while a server is unreachable; undefined when the signal ended it.
 * @throws errors that no retry fixes
 */
export async function retryWhileUnavailable<T>(
  signal: AbortSignal,
  log: Logger,
  work: () => Promise<T>,
  clock: Clock = machineClock
): Promise<T | undefined> {
  if (signal.aborted) return undefined
  try {
    return await retry(work, {
      maxMs: 3_000,
      signal,
      clock,
      retryable: isUnavailable,
      onRetry: (error, attempt, waitMs) =>
        log.warn({ err: safeError(error), attempt, waitMs }, 'dependency unavailable; retrying, nothing is dropped')
    })
  } catch (error) {
    if (signal.aborted && isUnavailable(error)) return undefined
    throw error
  }
}

const isUnavailable = (error: unknown): boolean =>
  !(error instanceof TrailError && !error.retryable) && classify(error) !== 'defect' && !isProgramFault(error)
