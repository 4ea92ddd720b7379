/** How many subjects may be looked at: a burst, and then so many a second. */
export class LookBudget {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(burst: number, perSecond: number, now: number) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Takes up to `wanted` at the time `now` (ms). @returns how many it may be */
  take(wanted: number, now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
    const taken = Math.min(wanted, Math.floor(this.#tokens))
    this.#tokens -= taken
    return taken
  }
}
