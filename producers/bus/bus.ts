import {
  checkOptions,
  type DrainOptions,
  type Ending,
  EventtrailError,
  Lifecycle,
  type LifecycleState,
  longestTimerMs,
  onAbort,
  type Rules,
  rule
} from '../../core/index.ts'
import type { Health } from '../../observability/index.ts'
import {
  type Catalogue,
  catalogueRule,
  decodeEnvelope,
  type Envelope,
  type EnvelopeOf,
  type EventMap,
  type EventName
} from '../../schemas/index.ts'
import { encode, type Headers, headersOf, identify, recordBytes, versionOf } from '../envelope.ts'
import { PublishError } from '../errors.ts'
import { createIds } from '../ids.ts'
import { publishAll } from '../publish-all.ts'
import type { EventToPublish, PublisherStats, PublishOptions, Receipt } from '../types.ts'
import { checkVersions, versionsRule } from '../versions.ts'
import { BusError } from './errors.ts'
import { freeze } from './freeze.ts'
import { StoreQueue } from './store-queue.ts'
import { BusSubscription } from './subscription.ts'
import { BusTelemetry } from './telemetry.ts'
import type { Bus, BusOptions, StoredEvent, SubscribeOptions, SubscriberStats, Subscription } from './types.ts'

const rules: Rules<BusOptions> = {
  catalogue: catalogueRule,
  store: rule.required(
    rule.withMethods(['append'], 'a store, such as `memoryStore()` or `postgresEventStore(connection)`')
  ),
  source: rule.sourceName,
  versions: versionsRule,
  bufferSize: rule.wholeNumber(1)
}

const subscribeRules: Rules<SubscribeOptions> = {
  eventNames: rule.such(Array.isArray, 'a list of event names'),
  bufferSize: rule.wholeNumber(1),
  signal: rule.signal
}

/** @throws OptionsError */
export function createBus<Events extends EventMap>(options: BusOptions<Events>): Bus<Events> {
  return new InProcessBus<Events>(options)
}

/** Wrap, store, fan out. The states are those of {@link Lifecycle}; draining takes no events, and stores what it has. */
class InProcessBus<Events extends EventMap> implements Bus<Events> {
  readonly #catalogue: Catalogue
  readonly #versions: Readonly<Record<string, number | undefined>>
  readonly #bufferSize: number
  readonly #commonHeaders: Headers
  readonly #queue: StoreQueue
  readonly #subscriptions = new Set<BusSubscription>()
  readonly #newId = createIds()
  readonly #telemetry: BusTelemetry
  readonly #life = new Lifecycle({
    start: async () => undefined,
    drain: () => this.#queue.idle(),
    close: ending => this.#close(ending),
    closedError: () => closedError(),
    drainTimeoutMs: longestTimerMs
  })

  constructor(options: BusOptions<Events>) {
    checkOptions<BusOptions>(options as unknown as BusOptions, rules)
    const { store, catalogue, versions, source, bufferSize = 1_000 } = options
    this.#catalogue = catalogue as Catalogue
    this.#versions = { ...versions }
    checkVersions(this.#versions, this.#catalogue)
    this.#bufferSize = bufferSize
    this.#commonHeaders = Object.freeze(source === undefined ? {} : { source })
    this.#telemetry = new BusTelemetry(store)
    this.#queue = new StoreQueue(store, this.#telemetry.heard)
  }

  start(): Promise<void> {
    return this.#life.start()
  }

  publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options?: PublishOptions
  ): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      if (this.#life.state !== 'running' && !this.#life.begin()) throw closedError(eventName)
      const { envelope, value, version, headers } = this.#wrap(eventName, aggregateId, payload, options)
      const { id } = envelope
      const bytes = recordBytes(value, envelope.aggregate_id, headers)
      this.#telemetry.accepted(bytes)
      this.#queue.push({
        envelope,
        value,
        version,
        headers,
        stored: () => {
          this.#telemetry.stored(bytes)
          for (const subscription of this.#subscriptions) subscription.push({ kind: 'event', envelope, headers })
          resolve({ id, schemaVersion: version.version })
        },
        failed: (error, attempted) => {
          const failure = attempted ? storeError(envelope, error) : error
          this.#telemetry.failed(bytes, failure instanceof BusError ? failure.outcome : 'failed')
          reject(failure)
        }
      })
    })
  }

  publishAll(events: Iterable<EventToPublish<Events>> | AsyncIterable<EventToPublish<Events>>): Promise<Receipt[]> {
    return publishAll(
      {
        publish: event => this.publish(event.eventName, event.aggregateId, event.payload, event),
        room: () => this.#queue.room()
      },
      events
    )
  }

  subscribe<Name extends EventName<Events> = EventName<Events>>(
    id: string,
    options: SubscribeOptions<Name> = {}
  ): Subscription<EnvelopeOf<Events, Name>> {
    if (!this.#life.begin()) throw closedError()
    checkOptions<SubscribeOptions>(options, subscribeRules)
    const { eventNames, signal, bufferSize = this.#bufferSize } = options
    for (const eventName of eventNames ?? []) wrapped(eventName, () => versionOf(this.#catalogue, eventName, undefined))
    let forget: (() => void) | undefined
    const subscription = new BusSubscription(id, {
      eventNames,
      bufferSize,
      onLeave: () => {
        this.#subscriptions.delete(subscription)
        forget?.()
      }
    })
    this.#subscriptions.add(subscription)
    if (signal) forget = onAbort(signal, () => subscription.leave())
    // What it delivers was decoded from the schemas that the types were generated from.
    return subscription as unknown as Subscription<EnvelopeOf<Events, Name>>
  }

  subscriberStats(): ReadonlyMap<string, SubscriberStats> {
    const byId = new Map<string, SubscriberStats>()
    for (const { id, delivered, buffered, lagged } of this.#subscriptions) {
      const sum = byId.get(id) ?? { active: 0, delivered: 0, buffered: 0, lagged: 0 }
      byId.set(id, {
        active: sum.active + 1,
        delivered: sum.delivered + delivered,
        buffered: sum.buffered + buffered,
        lagged: sum.lagged + lagged
      })
    }
    return byId
  }

  stats(): PublisherStats {
    return this.#telemetry.stats()
  }

  health(): Health {
    return this.#telemetry.health(this.#life)
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

  /** A call of the store that is under way is waited for, unless a drain has waited long enough; its events are answered when it ends. */
  async #close(ending: Ending): Promise<void> {
    this.#queue.abandon(({ envelope }) => closedError(envelope.event_name, envelope.id))
    if (ending !== 'timed out') await this.#queue.idle()
    for (const subscription of [...this.#subscriptions]) subscription.end()
    this.#telemetry.close()
  }

  /** The event as it would come out of Kafka: what a subscriber sees does not depend on the way. */
  #wrap(eventName: string, aggregateId: string, payload: unknown, options: PublishOptions | undefined): StoredEvent {
    return wrapped(eventName, () => {
      const pinned = Object.hasOwn(this.#versions, eventName) ? this.#versions[eventName] : undefined
      const version = versionOf(this.#catalogue, eventName, pinned)
      const identity = identify(eventName, aggregateId, options, this.#newId)
      const headers = headersOf(eventName, options, this.#commonHeaders)
      const value = encode(version, identity, payload, { id: 0, version: version.version })
      const envelope = freeze(decodeEnvelope(version.type, value))
      return { envelope, value, version, headers: Object.freeze(headers) }
    })
  }
}

function wrapped<T>(eventName: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof PublishError)) throw cause
    const { code, message, id, field } = cause
    throw new BusError(code, message, { eventName, id, field, cause: cause.cause })
  }
}

/** A store that has its own word for a refusal stored nothing; after every other failure it may be stored. */
function storeError({ event_name: eventName, id }: Envelope, cause: unknown): BusError {
  if (cause instanceof EventtrailError && cause.code === 'STORE_FAILED' && !cause.retryable) {
    const refused = `${eventName}: the store refused the event. ${cause.message}`
    return new BusError('STORE_FAILED', refused, { eventName, id, outcome: 'failed', retryable: false, cause })
  }
  const message = `${eventName}: the store did not confirm the event. It may be stored: publish it again with the same id, and it counts once`
  const retryable = cause instanceof EventtrailError && cause.retryable
  return new BusError('STORE_FAILED', message, { eventName, id, outcome: 'unknown', retryable, cause })
}

function closedError(eventName?: string, id?: string): BusError {
  return new BusError('CLOSED', eventName ? `${eventName}: the bus is closed` : 'The bus is closed', {
    eventName,
    id
  })
}
