import { Fifo } from '../fifo.ts'

/** What the batcher needs to know of what it carries. */
export interface Item {
  readonly bytes: number
  /** ms on the caller's clock. */
  readonly deadline: number
  /** True once its caller has an answer: it need not go any more. */
  readonly done: boolean
}

/** Items of one partition that go to Kafka together. */
export interface Batch<T extends Item> {
  readonly topic: string
  readonly partition: number
  readonly items: readonly T[]
  /** How often it was tried. */
  attempts: number
  /** Whether it may have left this process, in one of them or in the one that is under way. */
  sent: boolean
}

export interface BatcherOptions {
  /** ms from the time batches left until others do, unless one is full: so long an item waits at most. */
  readonly lingerMs: number
  /** Bytes at which a batch is full. An item that is larger goes alone. */
  readonly maxBytes: number
  /** Items at which a batch is full. */
  readonly maxRecords: number
}

/**
 * The items of one partition. Waiting: `queue` holds items, or `again` a batch that must be repeated as it is,
 * and nothing is under way. In flight: `flying` is under way, and nothing else of this partition may start.
 */
export interface Lane<T extends Item> {
  readonly topic: string
  readonly partition: number
  readonly queue: Fifo<T>
  bytes: number
  flying: Batch<T> | undefined
  again: Batch<T> | undefined
  /** No attempt before this. */
  notBefore: number
  attempts: number
  /** Less than usual while the topic does not take batches of that size. */
  maxRecords: number
}

/**
 * Gathers items into batches, a lane for each partition, in the order in which they came: a batch that failed
 * goes again before anything that came later. Knows no clock: it gets the time, in ms.
 */
export class Batcher<T extends Item> {
  readonly #options: BatcherOptions
  readonly #lanes = new Map<string, Map<number, Lane<T>>>()
  /** Lanes that hold anything. */
  readonly #active = new Set<Lane<T>>()
  /** While true, nothing waits for others. */
  flushing = false
  #leftAt = Number.NEGATIVE_INFINITY

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /** True when its lane has become full by it. */
  add(topic: string, partition: number, item: T): boolean {
    const lane = this.#laneOf(topic, partition)
    const wasFull = this.#isFull(lane)
    lane.queue.push(item)
    lane.bytes += item.bytes
    this.#active.add(lane)
    return !wasFull && this.#isFull(lane)
  }

  /** Lanes of which a batch can be taken now. */
  *due(now: number): Generator<Lane<T>> {
    for (const lane of this.#active) if (this.#dueAt(lane) <= now) yield lane
  }

  /** When a lane that is not due now will be; undefined when none will be by itself. */
  wakeAt(now: number): number | undefined {
    let earliest = Number.POSITIVE_INFINITY
    for (const lane of this.#active) {
      const dueAt = this.#dueAt(lane)
      if (dueAt > now && dueAt < earliest) earliest = dueAt
    }
    return Number.isFinite(earliest) ? earliest : undefined
  }

  /** Until when what is not full waits for others: the first after a pause for nothing. */
  get lingersUntil(): number {
    return this.#leftAt + this.#options.lingerMs
  }

  /** Takes the next batch of a lane that is due; undefined when no caller waits for its items any more. */
  take(lane: Lane<T>, now: number): Batch<T> | undefined {
    this.#leftAt = now
    const batch = lane.again ?? this.#cut(lane)
    lane.again = undefined
    lane.flying = batch
    if (!batch) this.#rest(lane)
    return batch
  }

  /** The batch is stored. */
  stored(batch: Batch<T>): void {
    const lane = this.#laneOf(batch.topic, batch.partition)
    // Back to full batches, carefully: it may be that the topic takes small ones only.
    if (lane.maxRecords < this.#options.maxRecords) lane.maxRecords += 1
    this.#settle(lane)
  }

  /** The batch is given up. */
  giveUp(batch: Batch<T>): void {
    const lane = this.#laneOf(batch.topic, batch.partition)
    // If one item was too large for its topic, that was it.
    lane.maxRecords = this.#options.maxRecords
    this.#settle(lane)
  }

  #settle(lane: Lane<T>): void {
    lane.flying = undefined
    lane.again = undefined
    lane.attempts = 0
    lane.notBefore = 0
    this.#rest(lane)
  }

  /**
   * The batch has to go again. One that was `sent` goes exactly as it is, for its sequence numbers' sake; of
   * any other the items go back to the front.
   */
  again(batch: Batch<T>, notBefore: number): void {
    const lane = this.#laneOf(batch.topic, batch.partition)
    lane.flying = undefined
    lane.notBefore = notBefore
    lane.attempts = batch.attempts
    if (batch.sent) lane.again = batch
    else this.#return(lane, batch)
  }

  /** The batch was refused for its size: its items go again, half as many at a time. */
  split(batch: Batch<T>): void {
    const lane = this.#laneOf(batch.topic, batch.partition)
    lane.flying = undefined
    lane.attempts = 0
    lane.maxRecords = Math.max(1, Math.floor(batch.items.length / 2))
    this.#return(lane, batch)
  }

  /**
   * Items whose deadline has passed and whose caller must get an answer, each with whether it may have left. They are
   * left where they are, and no longer sent once they are `done`.
   */
  *late(now: number): Generator<{ item: T; sent: boolean }> {
    for (const lane of this.#active) {
      const underWay = lane.flying ?? lane.again
      for (const item of underWay?.items ?? [])
        if (!item.done && item.deadline <= now) yield { item, sent: underWay?.sent ?? false }
      for (const item of lane.queue) {
        if (item.deadline > now) break
        if (!item.done) yield { item, sent: false }
      }
    }
  }

  /** Takes out what is `done` already; yields the batches that no caller waits for any more: they are given up. */
  *abandoned(): Generator<Batch<T>> {
    for (const lane of this.#active) {
      while (lane.queue.peek()?.done) this.#shift(lane)
      const { again } = lane
      if (again?.items.every(item => item.done)) {
        this.giveUp(again)
        yield again
      } else this.#rest(lane)
    }
  }

  /** All items that have no answer yet, each with whether it may have left. */
  *unanswered(): Generator<{ item: T; sent: boolean }> {
    yield* this.late(Number.POSITIVE_INFINITY)
  }

  #laneOf(topic: string, partition: number): Lane<T> {
    let lanes = this.#lanes.get(topic)
    if (!lanes) {
      lanes = new Map()
      this.#lanes.set(topic, lanes)
    }
    let lane = lanes.get(partition)
    if (!lane) {
      lane = {
        topic,
        partition,
        queue: new Fifo(),
        bytes: 0,
        flying: undefined,
        again: undefined,
        notBefore: 0,
        attempts: 0,
        maxRecords: this.#options.maxRecords
      }
      lanes.set(partition, lane)
    }
    return lane
  }

  #isFull(lane: Lane<T>): boolean {
    return lane.queue.size >= lane.maxRecords || lane.bytes >= this.#options.maxBytes
  }

  #dueAt(lane: Lane<T>): number {
    if (lane.flying || (!lane.again && lane.queue.size === 0)) return Number.POSITIVE_INFINITY
    if (lane.again || this.flushing || this.#isFull(lane)) return lane.notBefore
    return Math.max(lane.notBefore, this.lingersUntil)
  }

  #cut(lane: Lane<T>): Batch<T> | undefined {
    const items: T[] = []
    let bytes = 0
    for (let item = lane.queue.peek(); item && items.length < lane.maxRecords; item = lane.queue.peek()) {
      if (!item.done) {
        if (items.length > 0 && bytes + item.bytes > this.#options.maxBytes) break
        items.push(item)
        bytes += item.bytes
      }
      this.#shift(lane)
    }
    const { topic, partition, attempts } = lane
    return items.length > 0 ? { topic, partition, items, attempts, sent: false } : undefined
  }

  #shift(lane: Lane<T>): void {
    lane.bytes -= lane.queue.shift()?.bytes ?? 0
  }

  #return(lane: Lane<T>, batch: Batch<T>): void {
    lane.queue.unshift(batch.items)
    for (const item of batch.items) lane.bytes += item.bytes
  }

  /** Drops the lane from the active ones when it is empty. */
  #rest(lane: Lane<T>): void {
    if (lane.queue.size === 0 && !lane.flying && !lane.again) this.#active.delete(lane)
  }
}
