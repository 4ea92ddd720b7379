import { type Clock, machineClock } from './clock.ts'

/** A started part of eventtrail. Every call may be made twice; the second gets the first one's promise. */
export interface Handle extends AsyncDisposable {
  /** Finishes what is in flight, then closes. */
  drain(): Promise<void>
  /** Stops now; what is in flight is left to be done again. */
  close(): Promise<void>
  /** Resolves when closed: with undefined after a wanted stop, with the error after any other. */
  readonly closed: Promise<Error | undefined>
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

/** Waits for `work` at most `ms`; resolves to false when it took longer (the work itself goes on). */
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
