import type { Catalogue, Envelope, EnvelopeOf, EventMap, EventName, EventVersion } from '../../schemas/index.ts'
import type { Headers } from '../envelope.ts'
import type { Publisher } from '../types.ts'

/** An event as a store gets it: the envelope, its bytes, and the version of the event with the Avro type of both. */
export interface StoredEvent {
  readonly envelope: Envelope
  /** The envelope as a record of Kafka would hold it: Avro in the registry's wire format, with the schema id 0. */
  readonly value: Buffer
  readonly version: EventVersion
  /** As they would be in Kafka: `source`, `actor`, `traceparent`, `tracestate`, `causation`, as far as given. */
  readonly headers: Headers
}

/** Where the bus keeps events before anybody sees them. */
export interface EventStore {
  /**
   * Stores all of them or none, in their order; resolves when they are durable. An event that is stored already is
   * stored once. Rejects, without `retryable`, when an id is stored with other content. One call is under way at a time.
   */
  append(events: readonly StoredEvent[]): Promise<void>
  /** Asks for something cheap, to find out whether it can be reached. Without it, `health()` does not look at the store. */
  ping?(): Promise<void>
}

/** What a subscriber gets: an event, or word that it was too slow and how many events it missed. */
export type BusItem<AnEnvelope = Envelope> =
  | {
      readonly kind: 'event'
      /** Frozen: all subscribers get the same one. */
      readonly envelope: AnEnvelope
      /** `source`, `actor`, `traceparent`, `tracestate`, `causation`, as far as given. */
      readonly headers: Headers
    }
  | { readonly kind: 'lagged'; readonly missed: number }

export interface SubscribeOptions<Name extends string = string> {
  /** Default: all events of the catalogue. */
  readonly eventNames?: readonly Name[]
  /** Events that may wait for this subscriber; the oldest are dropped, and counted, beyond. Default: the bus's. */
  readonly bufferSize?: number
  /** Leaves when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Events from the moment of `subscribe` on. `break`, `return()`, `await using` and the signal leave; after the
 * bus was closed it ends by itself, once what waited has been taken.
 */
export interface Subscription<AnEnvelope = Envelope>
  extends AsyncIterableIterator<BusItem<AnEnvelope>>,
    AsyncDisposable {
  readonly id: string
}

/** Counts of the subscriptions of one id that are there now. */
export interface SubscriberStats {
  /** Subscriptions. */
  readonly active: number
  /** Events they took. */
  readonly delivered: number
  /** Events that wait for them. */
  readonly buffered: number
  /** Events they missed. */
  readonly lagged: number
}

export interface BusOptions<Events extends EventMap = EventMap> {
  readonly store: EventStore
  /** The events that may be published. */
  readonly catalogue: Catalogue<Events>
  /** Events that may wait for one subscriber. Default 1,000. */
  readonly bufferSize?: number
  /** Name of the service, in the header `source`. Default: no such header. */
  readonly source?: string
  /** Versions to publish instead of the latest: `{ 'order.placed': 1 }`. */
  readonly versions?: Readonly<Partial<Record<EventName<Events>, number>>>
}

/** Publishes and delivers within one process; every event is in the store before a subscriber sees it. */
export interface Bus<Events extends EventMap = EventMap> extends Publisher<Events> {
  /**
   * Joins at once. Events are delivered in the order in which they were stored.
   * @param id names the subscriber in `subscriberStats`; several subscriptions may share it.
   * @throws BusError `CLOSED`
   */
  subscribe<Name extends EventName<Events> = EventName<Events>>(
    id: string,
    options?: SubscribeOptions<Name>
  ): Subscription<EnvelopeOf<Events, Name>>
  /** Counts by subscriber id. An id whose last subscription left is not in it. */
  subscriberStats(): ReadonlyMap<string, SubscriberStats>
}
