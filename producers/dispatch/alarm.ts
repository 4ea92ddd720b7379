/** Does one piece of work at the earliest of the times it was set to. Times are ms of `performance.now()`. */
export class Alarm {
  readonly #work: () => void
  #next: { readonly at: number; readonly cancel: () => void } | undefined

  constructor(work: () => void) {
    this.#work = work
  }

  /** A time that has come means: at the end of this turn, so that what is published in one turn goes together. */
  set(at: number, now: number): void {
    if (this.#next && this.#next.at <= at) return
    this.cancel()
    const ring = (): void => {
      this.#next = undefined
      this.#work()
    }
    this.#next = { at, cancel: at > now ? afterMs(Math.ceil(at - now), ring) : afterTurn(ring) }
  }

  cancel(): void {
    this.#next?.cancel()
    this.#next = undefined
  }
}

function afterMs(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

function afterTurn(work: () => void): () => void {
  const turn = setImmediate(work)
  return () => clearImmediate(turn)
}
