import { type DrainOptions, type LifecycleState, longestTimerMs, refusedDrain, within } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { EventMap, EventName } from '../schemas/index.ts'
import { Dispatcher, type Pending, provisional } from './dispatch/index.ts'
import { batchOverhead, encode, type Headers, headersOf, identify, recordBytes } from './envelope.ts'
import { PublishError } from './errors.ts'
import { createIds } from './ids.ts'
import { type ProducerOptions, type ResolvedProducerOptions, resolveOptions } from './options.ts'
import { publishAll } from './publish-all.ts'
import type { ProducerStats } from './telemetry.ts'
import type { EventToPublish, KafkaReceipt, Publisher, PublishOptions } from './types.ts'

/** Publishes to Kafka. It connects with the first event, and keeps trying while Kafka is unreachable. */
export interface Producer<Events extends EventMap = EventMap> extends Publisher<Events, KafkaReceipt> {
  /**
   * Tries to reach Kafka and the registry, for those who want to know before they publish.
   * @throws KafkaError, RegistryError
   */
  connect(): Promise<void>
  stats(): ProducerStats
  /**
   * Whether it takes events and its servers are reachable. From the first call on, a server that was not heard of for a
   * while is probed every few seconds.
   */
  health(): Health
  /** Resolves when the buffer has room: for those who call `publish` without waiting for its answers. */
  ready(): Promise<void>
}

/** @throws OptionsError */
export function createProducer<Events extends EventMap>(options: ProducerOptions<Events>): Producer<Events> {
  return new KafkaProducer<Events>(resolveOptions(options))
}

class KafkaProducer<Events extends EventMap> implements Producer<Events> {
  readonly closed: Promise<Error | undefined>
  readonly #options: ResolvedProducerOptions
  readonly #delivery: Dispatcher
  readonly #commonHeaders: Headers
  readonly #newId = createIds()
  readonly #closed = Promise.withResolvers<Error | undefined>()
  /** It takes events from the beginning: there is nothing to start. */
  #state: LifecycleState = 'running'
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedProducerOptions) {
    this.#options = options
    this.#delivery = new Dispatcher(options)
    this.#commonHeaders = options.source === undefined ? {} : { source: options.source }
    this.closed = this.#closed.promise
  }

  connect(): Promise<void> {
    return this.#delivery.connect()
  }

  async ready(): Promise<void> {
    await this.#delivery.room()
  }

  publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options?: PublishOptions
  ): Promise<KafkaReceipt> {
    // Not async: the event is encoded before this returns, and one promise a call is enough.
    return new Promise((resolve, reject) => {
      this.#delivery.submit(this.#prepare(eventName, aggregateId, payload, options, resolve, reject))
    })
  }

  publishAll(
    events: Iterable<EventToPublish<Events>> | AsyncIterable<EventToPublish<Events>>
  ): Promise<KafkaReceipt[]> {
    return publishAll(
      {
        publish: event => this.publish(event.eventName, event.aggregateId, event.payload, event),
        room: () => this.#delivery.room()
      },
      events
    )
  }

  stats(): ProducerStats {
    return this.#delivery.stats()
  }

  health(): Health {
    return this.#delivery.health(this.#state)
  }

  get state(): LifecycleState {
    return this.#state
  }

  drain({ timeoutMs = longestTimerMs }: DrainOptions = {}): Promise<void> {
    const refused = refusedDrain(timeoutMs)
    if (refused) return refused
    if (this.#state === 'running') this.#state = 'draining'
    this.#draining ??= within(timeoutMs, this.#delivery.drain()).then(() => this.close())
    return this.#draining
  }

  close(): Promise<void> {
    this.#state = this.#state === 'running' ? 'draining' : this.#state
    this.#closing ??= this.#delivery
      .close()
      .then(
        () => undefined,
        error => error as Error
      )
      .then(failure => {
        this.#state = failure === undefined ? 'closed' : 'failed'
        this.#closed.resolve(failure)
      })
    return this.#closing
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
    if (this.#draining !== undefined || this.#closing !== undefined)
      throw refusal('CLOSED', eventName, 'the producer is closed')
    const { maxMessageBytes, deliveryTimeoutMs } = this.#options
    const route = this.#delivery.routes.of(eventName)
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
    if (this.#delivery.fill >= 2) {
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
