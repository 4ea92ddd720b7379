/** ms for which an address that failed is asked after all others. */
const restMs = 30_000

/**
 * In which order the servers of one registry are asked. The one that answered last comes first; one that failed is
 * asked last for a while, and is left out by no one: if all have failed, all are asked.
 */
export class Addresses {
  readonly #all: readonly string[]
  readonly #failed = new Map<string, number>()
  #last: string | undefined

  constructor(all: readonly string[]) {
    this.#all = [...new Set(all)]
  }

  /** @param now ms of a clock that never goes back */
  order(now: number): readonly string[] {
    const rank = (address: string): number => {
      const since = this.#failed.get(address)
      if (since !== undefined && now - since < restMs) return 2
      return address === this.#last ? 0 : 1
    }
    // Sorting is stable: what is equal stays in the order that was configured.
    return this.#all.toSorted((one, other) => rank(one) - rank(other))
  }

  reached(address: string): void {
    this.#last = address
    this.#failed.delete(address)
  }

  failed(address: string, now: number): void {
    this.#failed.set(address, now)
    if (this.#last === address) this.#last = undefined
  }
}
