import type { Handle } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { EventMap, EventName } from '../schemas/index.ts'

/**
 * What may be said about one event besides its payload. What is left out of `source`, `actor`, `traceparent` and
 * `tracestate` is that of `withContext` around the call.
 */
export interface PublishOptions {
  /**
   * Any UUID, lower-cased. Default: a new one of version 7. Give it when you may publish the same event again; one of
   * another version needs `occurredAt` too.
   */
  readonly id?: string
  /**
   * When it happened: a Date, or microseconds since 1970 as a bigint, from 1970 to 9999. Default: the time in the id,
   * to the millisecond; a new id has the time of the call.
   */
  readonly occurredAt?: Date | bigint
  /** Name of the service that publishes it. Default: that of the producer or the bus. */
  readonly source?: string
  /**
   * The person or service that caused it: an id of 1 to 255 printable ASCII characters without spaces and "@", never a
   * name or an e-mail address. It travels as a header, unencrypted, and the trail keeps it.
   */
  readonly actor?: string
  /** W3C trace context of the call that caused it. The trail keeps the `traceparent`. */
  readonly traceparent?: string
  readonly tracestate?: string
}

/** An event as `publishAll` takes it: the arguments of `publish`, in one object. */
export type EventToPublish<Events extends EventMap = EventMap> = {
  [Name in EventName<Events>]: PublishOptions & {
    readonly eventName: Name
    readonly aggregateId: string
    readonly payload: Events[Name]['input']
  }
}[EventName<Events>]

/** What is known of an event that was published. */
export interface Receipt {
  /** UUID, lower case. */
  readonly id: string
  /** Version of the event's schema in its subject: 1, 2, 3 … */
  readonly schemaVersion: number
}

/** Where an event is in Kafka. */
export interface KafkaReceipt extends Receipt {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Counts since the start, and what is in the buffer now. */
export interface PublisherStats {
  /** Events that were acknowledged. */
  readonly published: number
  /** Events that were accepted and are not stored. */
  readonly failed: number
  /** Events that were sent without an answer: they may be stored. */
  readonly unknown: number
  /** Events in the buffer. */
  readonly unacknowledged: number
  /** Their size with headers, in bytes. */
  readonly unacknowledgedBytes: number
}

/**
 * Publishes events; Kafka's producer and the in-process bus both are one, so that a service which takes a
 * `Publisher` moves from the one to the other by the line that makes it.
 */
export interface Publisher<Events extends EventMap = EventMap, Published extends Receipt = Receipt> extends Handle {
  /**
   * Publishes one event; resolves when it is stored. The arguments are read at once: they may be changed
   * afterwards. Events of one aggregate and one event name keep the order of the calls.
   * @param aggregateId UUID of what the event is about.
   * @throws PublishError (Kafka) or BusError (in process): both have `outcome` and `retryable`.
   */
  publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options?: PublishOptions
  ): Promise<Published>

  /**
   * Publishes many, taking them from the iterable only as fast as they can go, and resolves to their receipts,
   * in order, when all are stored.
   * @throws PublishAllError when any failed: the others are published nevertheless.
   */
  publishAll(events: Iterable<EventToPublish<Events>> | AsyncIterable<EventToPublish<Events>>): Promise<Published[]>

  stats(): PublisherStats

  /**
   * Whether it takes events and what keeps them is reachable. From the first call on, a server that was not heard of
   * for a while is probed every few seconds. One that is not started yet is ready too: the first event starts it.
   */
  health(): Health
}
