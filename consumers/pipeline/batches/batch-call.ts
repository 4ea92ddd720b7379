import type { Envelope } from '../../../schemas/index.ts'
import { onceOfOne } from '../../inbox/index.ts'
import type { AnyBatchHandler, BatchContext, MessageContext, MessageHandler } from '../../types.ts'

/** What a call needs to know of each of its events. */
export interface EventFacts {
  /** Events of one aggregate have the same. */
  readonly lane: string
  /** Made when it is asked for: most handlers of batches need none. */
  readonly context: () => MessageContext
}

/**
 * One call of a handler of batches: its context, and what it marked as failed.
 *
 * open → (call) → ended: nothing can be marked any more
 */
export class BatchCall {
  readonly #events: readonly Envelope[]
  readonly #facts: readonly EventFacts[]
  /** Made when something is asked of an event: most handlers of batches ask nothing. */
  #places: ReadonlyMap<Envelope, number> | undefined
  readonly #marks = new Map<number, unknown>()
  #hasEnded = false

  /** @param facts of the event in the same place */
  constructor(events: readonly Envelope[], facts: readonly EventFacts[]) {
    this.#events = events
    this.#facts = facts
  }

  /** Failures by the places of their events. */
  get marks(): ReadonlyMap<number, unknown> {
    return this.#marks
  }

  async call(
    handler: AnyBatchHandler,
    given: Pick<BatchContext<Envelope>, 'group' | 'signal' | 'once'>
  ): Promise<void> {
    const context: BatchContext<Envelope> = {
      ...given,
      of: event => this.#factsOf(event).context(),
      fail: (event, error) => this.#fail(event, error),
      hasFailed: event => this.hasFailed(event)
    }
    try {
      await handler(this.#events, context)
    } finally {
      this.#hasEnded = true
    }
  }

  /** Whether this event, or an earlier one of its lane, was marked. */
  hasFailed(event: Envelope): boolean {
    const last = this.#placeOf(event)
    const { lane } = this.#factsOf(event)
    return [...this.#marks.keys()].some(place => place <= last && this.#facts[place]?.lane === lane)
  }

  #fail(event: Envelope, error: unknown): void {
    if (this.#hasEnded)
      throw new TypeError('`fail` was called after the handler of the batch had ended: await all work')
    const place = this.#placeOf(event)
    if (!this.#marks.has(place)) this.#marks.set(place, error)
  }

  #factsOf(event: Envelope): EventFacts {
    return this.#facts[this.#placeOf(event)] as EventFacts
  }

  #placeOf(event: Envelope): number {
    this.#places ??= new Map(this.#events.map((each, at) => [each, at]))
    const place = this.#places.get(event)
    if (place === undefined) throw new TypeError('this is no event of the batch: give one of `events`, not a copy')
    return place
  }
}

/** The same handler for an event on its own: what it marks is thrown. */
export function forOneEvent(handler: AnyBatchHandler): MessageHandler {
  return async (envelope, context) => {
    const call = new BatchCall([envelope], [{ lane: '', context: () => context }])
    const { group, signal } = context
    const once = onceOfOne(context.once, envelope, () => call.hasFailed(envelope))
    try {
      await call.call(handler, { group, signal, once })
    } catch (thrown) {
      // What it marked says more than what came of that.
      if (call.marks.size === 0) throw thrown
    }
    if (call.marks.size > 0) throw call.marks.get(0)
  }
}
