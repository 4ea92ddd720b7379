import type { Lane, LaneItem } from './lane.ts'

/** What a piece of work may do to the slot that it runs in. */
export interface Slot<T extends LaneItem = LaneItem> {
  /** Waits for `rest` with the slot given to others, and takes one again. Its lanes stay taken. */
  rest<R>(rest: () => Promise<R>): Promise<R>
  /**
   * Everything that this work took of a lane has ended, but for `again`: these come again before anything later of the
   * lane, each on its own. Lanes that are not released are released when the work ends.
   */
  release(lane: string, again?: readonly T[]): void
}

export interface WorkHost<T extends LaneItem> {
  release(work: Work<T>, lane: string, again: readonly T[] | undefined): void
  rest<R>(work: Work<T>, rest: () => Promise<R>): Promise<R>
}

/** A piece of work and the lanes that it has taken. */
export class Work<T extends LaneItem> implements Slot<T> {
  lanes: readonly Lane<T>[]
  readonly items: readonly T[]
  readonly #host: WorkHost<T>

  constructor(lanes: readonly Lane<T>[], items: readonly T[], host: WorkHost<T>) {
    this.lanes = lanes
    this.items = items
    this.#host = host
  }

  rest<R>(rest: () => Promise<R>): Promise<R> {
    return this.#host.rest(this, rest)
  }

  release(lane: string, again?: readonly T[]): void {
    this.#host.release(this, lane, again)
  }
}
