import type { BreakerOptions } from '../breaker-options.ts'

export type BreakerState = 'closed' | 'open' | 'half open'

/**
 * Judges one topic by the latest messages that ended. It trips as soon as enough of them failed, also when fewer than a
 * whole window have ended: the rest could not make up for it.
 *
 * closed → (most failed) → open → (probe) → half open → (enough in a row were handled) → closed; → (one failed) → open;
 * from each → (close) → closed
 */
export class Breaker {
  readonly #options: Required<BreakerOptions>
  /** 1 for a message that failed; a ring. */
  readonly #latest: Uint8Array
  #state: BreakerState = 'closed'
  #ended = 0
  #failed = 0
  #handledInARow = 0

  constructor(options: Required<BreakerOptions>) {
    this.#options = options
    this.#latest = new Uint8Array(options.window)
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Of the window: how many have ended, and how many of them failed. */
  get counts(): { readonly messages: number; readonly failed: number } {
    return { messages: Math.min(this.#ended, this.#options.window), failed: this.#failed }
  }

  /** A message has ended; while it is half open, one that was tried. @returns whether the state has changed */
  ended(hasFailed: boolean): boolean {
    const before = this.#state
    if (before === 'closed') this.#count(hasFailed)
    else if (before === 'half open') this.#judgeProbe(hasFailed)
    return this.#state !== before
  }

  /** Messages may be tried, one at a time. */
  probe(): void {
    if (this.#state !== 'open') return
    this.#state = 'half open'
    this.#handledInARow = 0
  }

  /** Everything may be taken, and counting starts again. */
  close(): void {
    this.#state = 'closed'
    this.#latest.fill(0)
    this.#ended = 0
    this.#failed = 0
  }

  #count(hasFailed: boolean): void {
    const { window, ratio } = this.#options
    const place = this.#ended % window
    this.#failed += Number(hasFailed) - (this.#latest[place] ?? 0)
    this.#latest[place] = Number(hasFailed)
    this.#ended += 1
    if (this.#failed > ratio * window) this.#state = 'open'
  }

  #judgeProbe(hasFailed: boolean): void {
    this.#handledInARow += 1
    if (hasFailed) this.#state = 'open'
    else if (this.#handledInARow >= this.#options.probes) this.close()
  }
}
