import { type Clock, machineClock } from './clock.ts'
import { checkDuration } from './options/index.ts'

/** new → (start) → starting → running → (drain) → draining → closed; close leads there from each; failed: ended by an error. */
export type LifecycleState = 'new' | 'starting' | 'running' | 'draining' | 'closed' | 'failed'

/** What a part that is not running answers when it is asked whether it is ready. */
export const notRunning: Readonly<Record<LifecycleState, readonly string[]>> = {
  new: ['it has not started yet'],
  starting: ['it is starting'],
  running: [],
  draining: ['it is stopping'],
  closed: ['it has stopped'],
  failed: ['it has failed']
}

export interface DrainOptions {
  /** ms to wait at most for what is in flight; past that it closes as it is. The default is that of the part. */
  readonly timeoutMs?: number
}

/** A part of eventtrail that runs. Every call may be made twice; the second gets the first one's promise. */
export interface Handle extends AsyncDisposable {
  /** Finishes what is in flight, then closes. @throws OptionsError, and continues to run */
  drain(options?: DrainOptions): Promise<void>
  /** Stops now; what is in flight is left to be done again. */
  close(): Promise<void>
  /** Resolves when closed: with undefined after a wanted stop, with the error after any other. */
  readonly closed: Promise<Error | undefined>
  readonly state: LifecycleState
}

/** What `drain` answers where it cannot wait for so long: a rejection; undefined where it can. */
export function refusedDrain(timeoutMs: unknown): Promise<never> | undefined {
  try {
    checkDuration('timeoutMs', timeoutMs, 0)
    return undefined
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Clean-ups in the order they were added, run last-in first-out, each even when another one failed. */
export class CleanUps {
  readonly #steps: (() => Promise<unknown> | unknown)[] = []
  #running: Promise<void> | undefined

  add(step: () => Promise<unknown> | unknown): void {
    this.#steps.push(step)
  }

  run(): Promise<void> {
    this.#running ??= this.#runAll()
    return this.#running
  }

  async #runAll(): Promise<void> {
    const errors: unknown[] = []
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'several clean-ups failed')
  }
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
