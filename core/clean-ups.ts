/** Clean-ups in the order they were added, run last-in first-out, each even when another one failed. */
export class CleanUps {
  readonly #steps: (() => Promise<unknown> | unknown)[] = []
  /** @throws what a step threw; AggregateError when several did */
  readonly run = onlyOnce(() => this.#runAll())

  add(step: () => Promise<unknown> | unknown): void {
    this.#steps.push(step)
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

/**
 * Work that is done once however often it is asked for, such as closing: every call gets the promise of the first.
 */
export function onlyOnce<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined
  return () => {
    running ??= work()
    return running
  }
}
