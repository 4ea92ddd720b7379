/** What a piece of work may do to the slot that it runs in. */
export interface Slot {
  /** Waits for `rest` with the slot given to others, and takes one again. The lane stays taken. */
  rest<T>(rest: () => Promise<T>): Promise<T>
}

/** Work that fails at once is not to start all that was added. */
const mostResting = 1_000

interface AggregateLane<T> {
  readonly waiting: T[]
  busy: boolean
}

export interface AggregateLanesOptions<T> {
  /** How many items run at once. */
  readonly concurrency: number
  /** While so many items rest, none is started: slots go to those that come back. Default 1,000. */
  readonly mostResting?: number
  readonly work: (item: T, slot: Slot) => Promise<void>
  /** `work` is meant never to reject; when it does, this is called. */
  readonly onError: (error: unknown) => void
}

/**
 * Runs items in lanes: the items of one lane one after the other in the order they were added, several lanes at
 * once. Lanes take turns, so that a long one does not keep the others waiting. At most `concurrency` + `mostResting`
 * items are started and not ended at a time. Knows nothing of Kafka.
 *
 * running → (stop) → stopping: what runs ends, nothing starts
 */
export class AggregateLanes<T> {
  readonly #options: AggregateLanesOptions<T>
  readonly #lanes = new Map<string, AggregateLane<T>>()
  readonly #ready = new Set<string>()
  readonly #returning: (() => void)[] = []
  readonly #idle: (() => void)[] = []
  #slotsTaken = 0
  #resting = 0
  #busyLanes = 0
  #queued = 0
  #stopping = false
  #filling = false

  constructor(options: AggregateLanesOptions<T>) {
    this.#options = options
  }

  /** Items that wait for their turn. */
  get queued(): number {
    return this.#queued
  }

  /** Items that were started and have not ended, those at rest included. */
  get running(): number {
    return this.#busyLanes
  }

  add(laneName: string, item: T): void {
    let lane = this.#lanes.get(laneName)
    if (!lane) {
      lane = { waiting: [], busy: false }
      this.#lanes.set(laneName, lane)
    }
    lane.waiting.push(item)
    this.#queued += 1
    if (!lane.busy) this.#ready.add(laneName)
    this.#fill()
  }

  /** Drops the waiting items that `drop` says; returns how many. What runs is not touched. */
  remove(drop: (item: T) => boolean): number {
    let removed = 0
    for (const [name, lane] of this.#lanes) {
      const kept = lane.waiting.filter(item => !drop(item))
      removed += lane.waiting.length - kept.length
      lane.waiting.splice(0, lane.waiting.length, ...kept)
      if (kept.length === 0) this.#ready.delete(name)
      if (kept.length === 0 && !lane.busy) this.#lanes.delete(name)
    }
    this.#queued -= removed
    return removed
  }

  /** No item starts from here on. */
  stop(): void {
    this.#stopping = true
  }

  /** Resolves when nothing runs; at once when that is so already. */
  idle(): Promise<void> {
    if (this.#busyLanes === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  #fill(): void {
    // An item that rests as soon as it is started comes here from within: the loop that started it continues.
    if (this.#filling) return
    this.#filling = true
    try {
      while (this.#slotsTaken < this.#options.concurrency && this.#fillOne());
    } finally {
      this.#filling = false
    }
  }

  /** Gives a slot to an item that comes back from its rest, or else to a lane; false when neither wants one. */
  #fillOne(): boolean {
    const returning = this.#returning.shift()
    if (returning) {
      this.#resting -= 1
      this.#slotsTaken += 1
      returning()
      return true
    }
    if (this.#resting >= (this.#options.mostResting ?? mostResting)) return false
    const [name] = this.#ready
    const lane = name === undefined ? undefined : this.#lanes.get(name)
    if (this.#stopping || name === undefined || !lane) return false
    this.#ready.delete(name)
    this.#start(name, lane)
    return true
  }

  #start(name: string, lane: AggregateLane<T>): void {
    const item = lane.waiting.shift() as T
    this.#queued -= 1
    lane.busy = true
    this.#busyLanes += 1
    this.#slotsTaken += 1
    void this.#run(item).then(() => {
      lane.busy = false
      this.#busyLanes -= 1
      this.#slotsTaken -= 1
      if (lane.waiting.length > 0) this.#ready.add(name)
      else this.#lanes.delete(name)
      this.#fill()
      if (this.#busyLanes === 0) for (const resolve of this.#idle.splice(0)) resolve()
    })
  }

  async #run(item: T): Promise<void> {
    try {
      await this.#options.work(item, { rest: rest => this.#rest(rest) })
    } catch (error) {
      this.#options.onError(error)
    }
  }

  async #rest<R>(rest: () => Promise<R>): Promise<R> {
    this.#resting += 1
    this.#slotsTaken -= 1
    this.#fill()
    try {
      return await rest()
    } finally {
      await new Promise<void>(resolve => {
        this.#returning.push(resolve)
        this.#fill()
      })
    }
  }
}
