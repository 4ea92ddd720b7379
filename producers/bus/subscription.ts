import type { Envelope } from '../../schemas/index.ts'
import { Fifo } from '../fifo.ts'
import type { BusItem, Subscription } from './types.ts'

export type EventItem = Extract<BusItem, { kind: 'event' }>

/**
 * One subscriber's buffer, and the iterator it reads from.
 *
 * States: open (takes events) → ended (takes none; what waits is still delivered) → left (delivers nothing).
 */
export class BusSubscription implements Subscription {
  readonly id: string
  delivered = 0
  /** How many it missed in all. */
  lagged = 0
  readonly #eventNames: ReadonlySet<string> | undefined
  readonly #bufferSize: number
  readonly #onLeave: (subscription: BusSubscription) => void
  readonly #buffer = new Fifo<EventItem>()
  readonly #readers = new Fifo<(result: IteratorResult<BusItem>) => void>()
  /** Missed since the last notice. */
  #missed = 0
  #ended = false

  constructor(
    id: string,
    facts: {
      readonly eventNames: readonly string[] | undefined
      readonly bufferSize: number
      readonly onLeave: (subscription: BusSubscription) => void
    }
  ) {
    this.id = id
    this.#eventNames = facts.eventNames && new Set(facts.eventNames)
    this.#bufferSize = facts.bufferSize
    this.#onLeave = facts.onLeave
  }

  get buffered(): number {
    return this.#buffer.size
  }

  /** Hands it an event. Never waits: beyond the buffer, the oldest gives way. */
  push(item: EventItem): void {
    if (this.#ended || this.#eventNames?.has(item.envelope.event_name) === false) return
    const reader = this.#readers.shift()
    if (reader) {
      this.delivered += 1
      reader({ value: item, done: false })
      return
    }
    if (this.#buffer.size >= this.#bufferSize) {
      this.#buffer.shift()
      this.#missed += 1
      this.lagged += 1
    }
    this.#buffer.push(item)
  }

  /** No more events will come. */
  end(): void {
    this.#ended = true
    for (let reader = this.#readers.shift(); reader; reader = this.#readers.shift())
      reader({ value: undefined, done: true })
    this.#leaveWhenEmpty()
  }

  /** Leaves at once; what waits is dropped. */
  leave(): void {
    this.#missed = 0
    while (this.#buffer.shift());
    this.end()
  }

  next(): Promise<IteratorResult<BusItem<Envelope>>> {
    if (this.#missed > 0) {
      const missed = this.#missed
      this.#missed = 0
      return Promise.resolve({ value: { kind: 'lagged', missed }, done: false })
    }
    const item = this.#buffer.shift()
    if (item) {
      this.delivered += 1
      return Promise.resolve({ value: item, done: false })
    }
    if (!this.#ended) return new Promise(resolve => this.#readers.push(resolve))
    this.#leaveWhenEmpty()
    return Promise.resolve({ value: undefined, done: true })
  }

  return(): Promise<IteratorResult<BusItem<Envelope>>> {
    this.leave()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave()
  }

  #leaveWhenEmpty(): void {
    if (this.#ended && this.#buffer.size === 0 && this.#missed === 0) this.#onLeave(this)
  }
}
