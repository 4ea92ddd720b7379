/** What is run in lanes. */
export interface LaneItem {
  /** Items of one lane run one after the other. */
  readonly lane: string
}

/** How the items of some lanes are joined to batches: as many as are ready, of as many lanes as there are. */
export interface Batching {
  /** Lanes with the same name share batches. */
  readonly name: string
  readonly maxItems: number
  /** ms that a batch waits for more items once it could start; 0: it takes what is ready. */
  readonly maxWaitMs: number
}

/**
 * The items of one lane, in their order.
 *
 * free → (take) → taken: its first items run → (free) → free
 */
export class Lane<T extends LaneItem> {
  readonly name: string
  /** The lanes that it takes turns with, but for items that start on their own. */
  readonly turn: unknown
  waiting: T[] = []
  /** How many of those that wait start on their own, from the first. */
  alone = 0
  /** How many of its items are started. */
  taken = 0
  /** What has taken it. */
  work: unknown
  /** ms of a clock at which it began to wait for its turn; only known where batches wait. */
  readyAt = 0

  constructor(name: string, turn: unknown) {
    this.name = name
    this.turn = turn
  }

  get isFree(): boolean {
    return this.work === undefined
  }

  /** Moves its first items to `items`. */
  take(count: number, work: unknown, items: T[]): void {
    for (let left = count; left > 0; left -= 1) items.push(this.waiting.shift() as T)
    this.alone = Math.max(0, this.alone - count)
    this.taken = count
    this.work = work
  }

  /** @param again come before what waits, each on its own */
  free(again: readonly T[]): void {
    this.taken = 0
    this.work = undefined
    if (again.length > 0) this.waiting.unshift(...again)
    this.alone += again.length
  }

  /** Drops those that wait and that `drop` names. @returns how many */
  remove(drop: (item: T) => boolean): number {
    const kept = this.waiting.map(item => !drop(item))
    const before = this.waiting.length
    this.alone = kept.slice(0, this.alone).filter(Boolean).length
    this.waiting = this.waiting.filter((_, place) => kept[place])
    return before - this.waiting.length
  }
}
