import { onAbort } from './aborted.ts'
import { type Clock, machineClock } from './clock.ts'

export interface BackoffOptions {
  /** First pause, ms. Default 100. */
  readonly initialMs?: number
  /** Longest pause, ms. Default 10,000. */
  readonly maxMs?: number
  /** Growth from one pause to the next. Default 2. */
  readonly factor?: number
  /** Share of each pause that is random, 0 to 1. Default 0.2. */
  readonly jitter?: number
}

/** The pause before retry number `attempt` (1 for the first), in ms. Pure but for the jitter's `random`. */
export function backoffMs(attempt: number, options: BackoffOptions = {}, random: () => number = Math.random): number {
  const { initialMs = 100, maxMs = 10_000, factor = 2, jitter = 0.2 } = options
  const full = Math.min(maxMs, initialMs * factor ** Math.max(0, attempt - 1))
  return Math.round(full * (1 - jitter * random()))
}

/** Pauses, and ends early (returning false) when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal, clock: Clock = machineClock): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  const over = Promise.withResolvers<boolean>()
  let forget: (() => void) | undefined
  const callOff = clock.after(ms, () => {
    forget?.()
    over.resolve(true)
  })
  if (signal)
    forget = onAbort(signal, () => {
      callOff()
      over.resolve(false)
    })
  return over.promise
}

export interface RetryOptions extends BackoffOptions {
  /** Ends the attempts, also in a pause: the last error is thrown. */
  readonly signal?: AbortSignal
  /** Give up where the next pause would end later than this, in ms since the first attempt. Default: never. */
  readonly deadlineMs?: number
  /** Decides whether an error is worth another attempt. Default: all are. */
  readonly retryable?: (error: unknown) => boolean
  /** Called before each pause. */
  readonly onRetry?: (error: unknown, attempt: number, pauseMs: number) => void
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Calls `work` until it succeeds, an error is not retryable, the deadline passes or the signal aborts. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, deadlineMs = Number.POSITIVE_INFINITY, retryable, onRetry, clock = machineClock } = options
  const started = clock.monotonic()
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt)
    } catch (error) {
      if (signal?.aborted || retryable?.(error) === false) throw error
      const pauseMs = backoffMs(attempt, options, clock.random)
      if (clock.monotonic() - started + pauseMs > deadlineMs) throw error
      onRetry?.(error, attempt, pauseMs)
      if (!(await pause(pauseMs, signal, clock))) throw error
    }
  }
}
