import type { LaneItem } from '../lane.ts'

/** How a call of a batch handler ended. Neither of both: everything that it was given is handled. */
export interface BatchOutcome<T> {
  /** Items that the handler marked as failed. */
  readonly marked?: ReadonlySet<T>
  /** The call failed as a whole. */
  readonly isFailed?: boolean
}

/** What has come to its end in one lane of a batch. */
export interface LaneEnd<T> {
  readonly lane: string
  /** What must be taken on its own, one by one and before anything later of the lane. Empty: everything is handled. */
  readonly again: readonly T[]
}

/** What a call of a batch handler has decided. */
export interface BatchStep<T> {
  readonly handled: readonly T[]
  /** The first of each lane that failed on its own: by its mark, or as the only one of a call. */
  readonly failed: readonly T[]
  /** Lanes of which nothing is left in the batch. */
  readonly ended: readonly LaneEnd<T>[]
}

/**
 * What to do with a batch after a call of its handler: what is handled is left alone; what was marked, and what is
 * after it in its lane, is taken on its own; a call that failed as a whole is divided in halves, down to single items.
 * The items of a lane are in their order in every call, and none is in a call after one of its lane that failed. Knows
 * neither handlers nor Kafka.
 *
 * open → (next → ended)… → all ended
 */
export class BatchDivision<T extends LaneItem> {
  /** What is still to be called with, the next last. */
  #parts: (readonly T[])[]
  readonly #items: readonly T[]
  #places: ReadonlyMap<T, number> | undefined
  /** How many items of each lane are in the parts. */
  #open: Map<string, number> | undefined
  /** What must be taken on its own. */
  readonly #again = new Map<string, T[]>()

  constructor(items: readonly T[]) {
    this.#parts = items.length > 0 ? [items] : []
    this.#items = items
  }

  /** What the handler must be called with next; undefined when everything has ended. */
  get next(): readonly T[] | undefined {
    return this.#parts.at(-1)
  }

  /** Says how the call with {@link next} ended. */
  ended({ marked = new Set(), isFailed = false }: BatchOutcome<T>): BatchStep<T> {
    const part = this.#parts.pop() ?? []
    const open = this.#counts()
    const failed = new Map<string, T>()
    for (const item of part) {
      const hasFailed = marked.has(item) || (isFailed && part.length === 1)
      if (hasFailed && !failed.has(item.lane)) failed.set(item.lane, item)
    }
    const kept = this.#without(part, failed)
    this.#parts = this.#parts.map(later => this.#without(later, failed)).filter(({ length }) => length > 0)
    if (isFailed) this.#parts.push(...(kept.length < part.length ? [kept] : halves(kept)).filter(notEmpty))
    else for (const { lane } of kept) this.#close(lane)
    return {
      handled: isFailed ? [] : kept,
      failed: [...failed.values()],
      ended: [...new Set(part.map(({ lane }) => lane))].filter(lane => open.get(lane) === 0).map(this.#endOf)
    }
  }

  /** A part without what failed and what comes after it in its lane: that is set aside. */
  #without(part: readonly T[], failed: ReadonlyMap<string, T>): readonly T[] {
    if (failed.size === 0) return part
    return part.filter(item => {
      const first = failed.get(item.lane)
      if (first === undefined || this.#placeOf(item) < this.#placeOf(first)) return true
      this.#again.set(item.lane, [...(this.#again.get(item.lane) ?? []), item])
      this.#close(item.lane)
      return false
    })
  }

  // An item may fail after a later one of its lane was marked: what is set aside need not be in order.
  readonly #endOf = (lane: string): LaneEnd<T> => ({
    lane,
    again: (this.#again.get(lane) ?? []).toSorted((one, other) => this.#placeOf(one) - this.#placeOf(other))
  })

  #placeOf(item: T): number {
    this.#places ??= new Map(this.#items.map((each, place) => [each, place]))
    return this.#places.get(item) ?? 0
  }

  #close(lane: string): void {
    const open = this.#counts()
    open.set(lane, (open.get(lane) ?? 0) - 1)
  }

  /** Made with the first end: a batch that ends well as a whole needs none. */
  #counts(): Map<string, number> {
    if (this.#open) return this.#open
    this.#open = new Map()
    for (const { lane } of this.#items) this.#open.set(lane, (this.#open.get(lane) ?? 0) + 1)
    return this.#open
  }
}

const notEmpty = ({ length }: readonly unknown[]): boolean => length > 0

/** The second half first: what is last is called with next. */
function halves<T>(part: readonly T[]): (readonly T[])[] {
  const middle = part.length >>> 1
  return [part.slice(middle), part.slice(0, middle)]
}
