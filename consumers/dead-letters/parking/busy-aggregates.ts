import type { Parkable } from './parkable.ts'

/**
 * Aggregates of which a message is about to be parked. There may be two of one aggregate where a partition was lost and has
 * come back: each assignment has one at most.
 */
export class BusyAggregates {
  readonly #sources = new Map<string, Set<Parkable['source']>>()

  get isEmpty(): boolean {
    return this.#sources.size === 0
  }

  has(name: string): boolean {
    return this.#sources.has(name)
  }

  add(name: string, { source }: Parkable): void {
    this.#sources.set(name, (this.#sources.get(name) ?? new Set()).add(source))
  }

  /** @returns whether none is left of those that there were */
  remove(name: string, { source }: Parkable): boolean {
    const sources = this.#sources.get(name)
    if (!sources?.delete(source) || sources.size > 0) return false
    return this.#sources.delete(name)
  }
}
