import { type DrainOptions, Lifecycle, type LifecycleState, longestTimerMs, unlessAborted } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { EventMap, EventName } from '../schemas/index.ts'
import { Dispatcher, type Pending, provisional } from './dispatch/index.ts'
import { batchOverhead, encode, type Headers, headersOf, identify, recordBytes } from './envelope.ts'
import { PublishError } from './errors.ts'
import { createIds } from './ids.ts'
import { type ProducerOptions, type ResolvedProducerOptions, resolveOptions } from './options.ts'
import { publishAll } from './publish-all.ts'
import type { EventToPublish, KafkaReceipt, Publisher, PublisherStats, PublishOptions } from './types.ts'

/** Publishes to Kafka. Without `start` it connects with the first event, and keeps trying while Kafka is unreachable. */
export interface Producer<Events extends EventMap = EventMap> extends Publisher<Events, KafkaReceipt> {
  /**
   * Reaches Kafka and the registry, for those who want to know before they publish. A start that fails ends the
   * producer; one that is to wait for its servers is not started: the first event starts it.
   * @throws KafkaError, RegistryError; PublishError `CLOSED`
   */
  start(): Promise<void>
  /** Resolves when the buffer has room: for those who call `publish` without waiting for its answers. */
  ready(): Promise<void>
}

/** @throws OptionsError */
export function createProducer<Events extends EventMap>(options: ProducerOptions<Events>): Producer<Events> {
  return new KafkaProducer<Events>(resolveOptions(options))
}

class KafkaProducer<Events extends EventMap> implements Producer<Events> {
  readonly #options: ResolvedProducerOptions
  readonly #dispatcher: Dispatcher
  readonly #commonHeaders: Headers
  readonly #newId = createIds()
  readonly #life: Lifecycle

  constructor(options: ResolvedProducerOptions) {
    this.#options = options
    const dispatcher = new Dispatcher(options)
    this.#dispatcher = dispatcher
    this.#commonHeaders = options.source === undefined ? {} : { source: options.source }
    this.#life = new Lifecycle({
      start: ending => unlessAborted(ending, dispatcher.connect()),
      drain: () => dispatcher.drain(),
      close: () => dispatcher.close(),
      closedError: () => new PublishError('CLOSED', 'The producer is closed', {}),
      drainTimeoutMs: longestTimerMs
    })
  }

  start(): Promise<void> {
    return this.#life.start()
  }

  async ready(): Promise<void> {
    await this.#dispatcher.room()
  }

  publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options?: PublishOptions
  ): Promise<KafkaReceipt> {
    // Not async: the event is encoded before this returns, and one promise a call is enough.
    return new Promise((resolve, reject) => {
      this.#dispatcher.submit(this.#prepare(eventName, aggregateId, payload, options, resolve, reject))
    })
  }

  publishAll(
    events: Iterable<EventToPublish<Events>> | AsyncIterable<EventToPublish<Events>>
  ): Promise<KafkaReceipt[]> {
    return publishAll(
      {
        publish: event => this.publish(event.eventName, event.aggregateId, event.payload, event),
        room: () => this.#dispatcher.room()
      },
      events
    )
  }

  stats(): PublisherStats {
    return this.#dispatcher.stats()
  }

  health(): Health {
    return this.#dispatcher.health(this.#life)
  }

  get state(): LifecycleState {
    return this.#life.state
  }

  get closed(): Promise<Error | undefined> {
    return this.#life.closed
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#life.drain(options)
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

  #prepare(
    eventName: string,
    aggregateId: string,
    payload: unknown,
    options: PublishOptions | undefined,
    resolve: Pending['resolve'],
    reject: Pending['reject']
  ): Pending {
    if (this.#life.state !== 'running' && !this.#life.begin())
      throw refusal('CLOSED', eventName, 'the producer is closed')
    const { maxMessageBytes, deliveryTimeoutMs } = this.#options
    const route = this.#dispatcher.routes.of(eventName)
    const identity = identify(eventName, aggregateId, options, this.#newId)
    const headers = headersOf(eventName, options, this.#commonHeaders)
    const numbers = route.registered ?? provisional
    const value = encode(route.version, identity, payload, numbers)
    const key = identity.aggregate_id
    const bytes = recordBytes(value, key, headers)
    if (bytes + batchOverhead > maxMessageBytes) {
      const size = `the event takes ${bytes + batchOverhead} bytes, more than \`maxMessageBytes\` (${maxMessageBytes})`
      throw refusal('TOO_LARGE', eventName, size, identity.id)
    }
    if (this.#dispatcher.fill >= 2) {
      const full = 'too many events are not acknowledged yet; wait for `ready()` before you publish more'
      throw refusal('BUFFER_FULL', eventName, full, identity.id)
    }
    const deadline = performance.now() + deliveryTimeoutMs
    return { route, id: identity.id, key, value, numbers, headers, bytes, deadline, done: false, resolve, reject }
  }
}

function refusal(code: 'CLOSED' | 'TOO_LARGE' | 'BUFFER_FULL', eventName: string, message: string, id?: string) {
  return new PublishError(code, `${eventName}: ${message}`, { eventName, id })
}
