import { type Clock, machineClock } from '../../core/index.ts'
import { ShortLivedMap } from '../progress/index.ts'
import { type Batching, Lane, type LaneItem } from './lane.ts'
import { ReadyLanes } from './ready-lanes.ts'
import { type Slot, Work, type WorkHost } from './work.ts'

export type { Slot } from './work.ts'

/** Work that fails at once is not to start all that was added. */
const mostResting = 1_000

export interface AggregateLanesOptions<T extends LaneItem> {
  /** How many pieces of work run at once. */
  readonly concurrency: number
  /** While so many items rest, none is started: slots go to those that come back. Default 1,000. */
  readonly mostResting?: number
  /** Asked once for each lane, with its first item. Without an answer items are started one by one. */
  readonly batchingOf?: (item: T) => Batching | undefined
  /** Gets one item, or the items of a batch: those of a lane follow each other in their order. Without a promise it has ended. */
  readonly work: (items: readonly T[], slot: Slot<T>) => Promise<void> | void
  /** `work` is meant never to reject or throw; when it does, this is called. */
  readonly onError: (error: unknown) => void
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Runs items in lanes: the items of one lane one after the other in the order they were added, several lanes at
 * once. Lanes take turns, so that a long one does not keep the others waiting. The heads of many lanes may be started
 * as one batch, which takes all of these lanes. At most `mostResting` items and one piece of work for each slot are
 * started and not ended at a time. Knows nothing of Kafka.
 *
 * running → (stop) → stopping: what runs ends, nothing starts
 */
export class AggregateLanes<T extends LaneItem> {
  readonly #options: AggregateLanesOptions<T>
  readonly #clock: Clock
  readonly #lanes = new ShortLivedMap<string, Lane<T>>()
  /** Lanes whose items are started one by one come first, then those of each name of a batch. */
  readonly #turns: ReadyLanes<T>[]
  readonly #single: ReadyLanes<T>
  readonly #returning: (() => void)[] = []
  readonly #idle: (() => void)[] = []
  /** What was added last, and how many of it are started; the others are in no lane yet. */
  #arriving: readonly T[] = []
  #arrived = 0
  #turn = 0
  #slotsTaken = 0
  #resting = 0
  #working = 0
  #running = 0
  #queued = 0
  #stopping = false
  #filling = false

  constructor(options: AggregateLanesOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
    this.#single = this.#newTurn({ name: '', maxItems: 1, maxWaitMs: 0 })
    this.#turns = [this.#single]
  }

  /** Items that wait for their turn. */
  get queued(): number {
    return this.#queued
  }

  /** Items that were started and have not ended, those at rest included. */
  get running(): number {
    return this.#running
  }

  /** Adds all of them before it starts any, so that they can be in one batch. */
  add(items: readonly T[]): void {
    this.#queued += items.length
    this.#arriving = this.#arriving.length > 0 ? [...this.#arriving, ...items] : items
    // What is added while others arrive comes after them.
    if (this.#arriving !== items) return
    this.#startArriving()
    for (const item of this.#arriving) this.#put(item)
    this.#arriving = []
    this.#fill()
  }

  /** Drops the waiting items that `drop` says; returns how many. What runs is not touched. */
  remove(drop: (item: T) => boolean): number {
    for (const turn of this.#turns) turn.clear()
    const arriving = this.#arriving.slice(this.#arrived)
    this.#arriving = arriving.filter(item => !drop(item))
    this.#arrived = 0
    let removed = arriving.length - this.#arriving.length
    for (const lane of this.#lanes.values()) {
      removed += lane.remove(drop)
      if (lane.isFree) this.#takeTurn(lane)
    }
    this.#queued -= removed
    return removed
  }

  /** No item starts from here on. */
  stop(): void {
    this.#stopping = true
    for (const turn of this.#turns) turn.stop()
  }

  /** Resolves when nothing runs; at once when that is so already. */
  idle(): Promise<void> {
    if (this.#working === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  /**
   * Starts what arrives at once where nothing has to wait: it is in a lane only if it does not end at once, and most of what
   * an item costs besides its work is a lane that comes and goes.
   */
  #startArriving(): void {
    if (this.#filling || this.#options.batchingOf) return
    this.#filling = true
    try {
      while (this.#arrived < this.#arriving.length && this.#isFree) {
        const item = this.#arriving[this.#arrived] as T
        if (this.#lanes.size > 0 && this.#lanes.get(item.lane)) break
        this.#arrived += 1
        this.#startAlone(item)
      }
    } finally {
      this.#filling = false
      this.#arriving = this.#arriving.slice(this.#arrived)
      this.#arrived = 0
    }
  }

  /** Whether an item can start without taking the turn of another. */
  get #isFree(): boolean {
    return (
      this.#slotsTaken < this.#options.concurrency &&
      this.#mayStart &&
      this.#returning.length === 0 &&
      this.#single.isEmpty
    )
  }

  get #mayStart(): boolean {
    return !this.#stopping && this.#resting < (this.#options.mostResting ?? mostResting)
  }

  /** Starts an item whose lane has no other. */
  #startAlone(item: T): void {
    const items = [item]
    const work = new Work<T>([], items, this.#host)
    const running = this.#begin(items, work)
    if (running instanceof Promise) {
      const lane = this.#newLane(item)
      lane.taken = 1
      lane.work = work
      work.lanes = [lane]
      void running.then(() => this.#ended(work))
      return
    }
    this.#running -= 1
    this.#ended(work)
  }

  #put(item: T): void {
    const lane = this.#lanes.get(item.lane) ?? this.#newLane(item)
    const isNew = lane.waiting.push(item) === 1
    if (!lane.isFree) return
    if (isNew) this.#takeTurn(lane)
    else if (lane.alone === 0) (lane.turn as ReadyLanes<T>).grew()
  }

  #newTurn(batching: Batching): ReadyLanes<T> {
    return new ReadyLanes(batching, this.#clock, () => this.#fill())
  }

  #newLane(item: T): Lane<T> {
    const batching = this.#options.batchingOf?.(item)
    let turn = batching ? this.#turns.find(({ name }) => name === batching.name) : this.#single
    if (!turn) {
      turn = this.#newTurn(batching as Batching)
      this.#turns.push(turn)
    }
    const lane = new Lane<T>(item.lane, turn)
    this.#lanes.set(item.lane, lane)
    return lane
  }

  /** A free lane waits for a slot, or is forgotten when it is empty. */
  #takeTurn(lane: Lane<T>): void {
    if (lane.waiting.length === 0) this.#lanes.delete(lane.name)
    else (lane.alone > 0 ? this.#single : (lane.turn as ReadyLanes<T>)).put(lane)
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

  /** Gives a slot to work that comes back from its rest, or else to lanes; false when neither wants one. */
  #fillOne(): boolean {
    const returning = this.#returning.shift()
    if (returning) {
      returning()
      return true
    }
    if (!this.#mayStart) return false
    for (let tried = 0; tried < this.#turns.length; tried += 1) {
      const turn = this.#turns[this.#turn % this.#turns.length] as ReadyLanes<T>
      this.#turn = (this.#turn + 1) % this.#turns.length
      const lanes = turn.take()
      if (lanes) {
        this.#start(lanes, turn.maxItems)
        return true
      }
    }
    return false
  }

  #start(lanes: readonly Lane<T>[], room: number): void {
    const items: T[] = []
    const work = new Work(lanes, items, this.#host)
    for (const lane of lanes) lane.take(Math.min(lane.waiting.length, room - items.length), work, items)
    const running = this.#begin(items, work)
    if (running instanceof Promise) void running.then(() => this.#ended(work))
    else this.#ended(work)
  }

  /** @returns a promise that never rejects, where there is something to wait for */
  #begin(items: readonly T[], work: Work<T>): Promise<void> | void {
    this.#queued -= items.length
    this.#running += items.length
    this.#working += 1
    this.#slotsTaken += 1
    const { onError } = this.#options
    try {
      return this.#options.work(items, work)?.catch(onError)
    } catch (error) {
      onError(error)
    }
  }

  #ended(work: Work<T>): void {
    for (const lane of work.lanes) if (lane.work === work) this.#free(lane)
    this.#working -= 1
    this.#slotsTaken -= 1
    this.#fill()
    if (this.#working === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #free(lane: Lane<T>, again: readonly T[] = []): void {
    this.#running -= lane.taken
    this.#queued += again.length
    lane.free(again)
    this.#takeTurn(lane)
  }

  readonly #host: WorkHost<T> = {
    release: (work, name, again) => {
      const lane = this.#lanes.get(name)
      if (!lane || lane.work !== work) return
      this.#free(lane, again)
      this.#fill()
    },
    rest: (work, rest) => this.#rest(work.items.length, rest)
  }

  async #rest<R>(items: number, rest: () => Promise<R>): Promise<R> {
    this.#resting += items
    this.#slotsTaken -= 1
    this.#fill()
    try {
      return await rest()
    } finally {
      await new Promise<void>(resolve => {
        this.#returning.push(() => {
          this.#resting -= items
          this.#slotsTaken += 1
          resolve()
        })
        this.#fill()
      })
    }
  }
}
