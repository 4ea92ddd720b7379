import { EventtrailError } from '../../core/index.ts'
import { Fifo } from '../fifo.ts'
import type { EventStore, StoredEvent } from './types.ts'

/** An event on its way into the store. */
export interface QueuedEvent extends StoredEvent {
  readonly stored: () => void
  readonly failed: (error: unknown, attempted: boolean) => void
}

const maxEventsACall = 500
/** Events in the queue at which those who can wait should. */
const fullAt = 10_000

/** Takes events to the store in their order, one call at a time, with whatever has gathered meanwhile. */
export class StoreQueue {
  readonly #store: EventStore
  readonly #onReach: (answered: boolean) => void
  readonly #queue = new Fifo<QueuedEvent>()
  #running: Promise<void> | undefined
  #whenRoom: PromiseWithResolvers<void> | undefined

  /** @param onReach called after each call of the store: whether the store could be reached */
  constructor(store: EventStore, onReach: (answered: boolean) => void) {
    this.#store = store
    this.#onReach = onReach
  }

  push(event: QueuedEvent): void {
    this.#queue.push(event)
    this.#running ??= this.#run()
  }

  /** A promise for room in the queue; undefined when there is some. */
  room(): Promise<void> | undefined {
    if (this.#queue.size < fullAt) return undefined
    this.#whenRoom ??= Promise.withResolvers()
    return this.#whenRoom.promise
  }

  /** Resolves when all that was pushed has its answer. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Gives up what has not been handed to the store. */
  abandon(error: (event: QueuedEvent) => unknown): void {
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) event.failed(error(event), false)
  }

  async #run(): Promise<void> {
    // Calls of the same tick share the first call of the store.
    await undefined
    while (this.#queue.size > 0) {
      const events: QueuedEvent[] = []
      while (events.length < maxEventsACall && this.#queue.size > 0) events.push(this.#queue.shift() as QueuedEvent)
      if (this.#queue.size < fullAt) {
        this.#whenRoom?.resolve()
        this.#whenRoom = undefined
      }
      await this.#append(events)
    }
    this.#running = undefined
  }

  async #append(events: readonly QueuedEvent[]): Promise<void> {
    try {
      await this.#store.append(
        events.map(({ envelope, value, version, headers }) => ({ envelope, value, version, headers }))
      )
    } catch (error) {
      const outage = error instanceof EventtrailError && error.retryable
      if (outage) this.#onReach(false)
      if (events.length === 1 || outage) for (const event of events) event.failed(error, true)
      // One of them may be at fault: the others shall not fail with it.
      else for (const event of events) await this.#append([event])
      return
    }
    this.#onReach(true)
    for (const event of events) event.stored()
  }
}
