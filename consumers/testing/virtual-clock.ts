import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../core/index.ts'

interface Timer {
  readonly at: number
  readonly everyMs: number | undefined
  readonly work: () => void
}

/** A clock that moves only when it is moved. Its jitter is none, so that pauses are as long as options say. */
export class VirtualClock implements Clock {
  readonly #startedAt: number
  /** In the order in which they were set. */
  readonly #timers = new Set<Timer>()
  #elapsed = 0

  /** @param startAt ms since 1970 */
  constructor(startAt: number) {
    this.#startedAt = startAt
  }

  now(): number {
    return this.#startedAt + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  /** When the next timer is due, in ms of {@link monotonic}; undefined without any. */
  get next(): number | undefined {
    const [first, ...others] = this.#timers
    return first && Math.min(first.at, ...others.map(({ at }) => at))
  }

  after(ms: number, work: () => void): () => void {
    return this.#set({ at: this.#elapsed + ms, everyMs: undefined, work })
  }

  every(ms: number, work: () => void): () => void {
    return this.#set({ at: this.#elapsed + ms, everyMs: ms, work })
  }

  turn(): Promise<void> {
    return setImmediate()
  }

  random(): number {
    return 0
  }

  /** Moves to a time that is not before the present one, and runs what is due then, each once. */
  moveTo(elapsed: number): void {
    this.#elapsed = Math.max(this.#elapsed, elapsed)
    const due = [...this.#timers].filter(({ at }) => at <= this.#elapsed).sort((one, other) => one.at - other.at)
    for (const timer of due) {
      // One that an earlier one has called off is not there any more.
      if (!this.#timers.delete(timer)) continue
      if (timer.everyMs !== undefined) this.#timers.add({ ...timer, at: this.#elapsed + timer.everyMs })
      timer.work()
    }
  }

  #set(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }
}
