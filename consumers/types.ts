import type { DrainOptions, Handle } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { Envelope, EnvelopeOf, EventMap, EventName } from '../schemas/index.ts'
import type { Once, OnceOfBatch } from './inbox/index.ts'

/** The place of a message and how often it was tried. */
export interface MessageContext {
  /** Name of the group, without the prefix. */
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** When it was written to the log, milliseconds since 1970. */
  readonly timestamp: number
  /** The message's headers as text; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * 1 for the first call of this process with this message. Calls of a handler of batches count once: until the message
   * has failed on its own it is 1.
   */
  readonly attempt: number
  /**
   * Aborts when the group stops without waiting any longer, and when `timeoutMs` of the group is over: return soon, the
   * message comes again.
   */
  readonly signal: AbortSignal
  /** Makes an effect in Postgres happen once for this event and group, in one transaction with a row that says so. */
  readonly once: Once
}

/** A handler of any event, as middlewares see it. */
export type MessageHandler = (envelope: Envelope, context: MessageContext) => Promise<void>

/**
 * What is done around each attempt of each handler: gets the next handler and returns one in its place, which calls the
 * next one or not. An event whose handler was not called counts as handled; what is thrown fails the attempt.
 */
export type Middleware = (next: MessageHandler) => MessageHandler

/**
 * Handles one event. It is finished when the promise resolves, and may be called again with the same event at
 * any time (at least once): make it idempotent, by `envelope.id` for instance.
 */
export type Handler<Events extends EventMap, Name extends EventName<Events>> = (
  envelope: EnvelopeOf<Events, Name>,
  context: MessageContext
) => Promise<void> | void

/** Is called once for each message that fails for good, before its dead letter is written. */
export type OnFailure = (
  error: unknown,
  envelope: Envelope | undefined,
  context: MessageContext
) => Promise<void> | void

/** What a handler of batches knows of its call, and what it may say of single events. */
export interface BatchContext<Event> {
  /** Name of the group, without the prefix. */
  readonly group: string
  /**
   * Aborts when the group stops without waiting any longer, and when `timeoutMs` of the group is over: return soon, the
   * events come again.
   */
  readonly signal: AbortSignal
  /** Makes the effect of many events in Postgres happen once for each: one statement says which of the batch are new. */
  readonly once: OnceOfBatch<Event>
  /** The place of an event, its headers and its attempts. */
  of(event: Event): MessageContext
  /**
   * Says that an event has failed, as if its handler had thrown `error`. The event, and those after it of its aggregate,
   * are delivered on their own; all others are handled, unless the handler throws.
   */
  fail(event: Event, error: unknown): void
  /** Whether this event or an earlier one of its aggregate was marked by {@link fail}: leave it out, it comes again. */
  hasFailed(event: Event): boolean
}

/**
 * Handles many events of one name at once: of many aggregates and partitions, and several of one aggregate, which follow
 * each other in the order of the log. All are finished when the promise resolves, but for those that
 * {@link BatchContext.fail} marked. When it rejects, the batch is divided in halves and the handler called with each, down
 * to single events: make it idempotent. What fails on its own is treated as an event of a {@link Handler} that fails.
 */
export interface BatchHandler<Events extends EventMap, Name extends EventName<Events>> {
  onBatch(
    events: readonly EnvelopeOf<Events, Name>[],
    context: BatchContext<EnvelopeOf<Events, Name>>
  ): Promise<void> | void
  /** Events of one call. Default 100, at most 10,000. */
  readonly maxEvents?: number
  /** ms that a call waits for more events while there are fewer than `maxEvents`. Default 0: it gets what is there. */
  readonly maxWaitMs?: number
}

/** A handler of batches of any event. */
export type AnyBatchHandler = (events: readonly Envelope[], context: BatchContext<Envelope>) => Promise<void> | void

/** The handlers of a group by event name; it reads the topics of these names and no others. */
export type Handlers<Events extends EventMap> = {
  readonly [Name in EventName<Events>]?: Handler<Events, Name> | BatchHandler<Events, Name>
}

/**
 * Where a group begins that has committed nothing yet: with all that its topics have, with what comes from now on, with
 * what is as new as a date (by the times of the records), or at offsets by topic and partition; partitions that are not
 * named there are read from their start.
 */
export type StartFrom =
  | 'earliest'
  | 'latest'
  | Date
  | { readonly [topic: string]: { readonly [partition: number]: number } }

/** Partitions that are meant together: one, those of a topic, or all of the group where nothing is given. */
export interface PauseScope {
  /** The topic, not the event name: with its prefix. */
  readonly topic?: string
  /** With a topic only. */
  readonly partition?: number
}

/** A place in the log of a partition. */
export interface SeekTarget {
  /** The topic, not the event name: with its prefix. */
  readonly topic: string
  readonly partition: number
  /** The next offset to be read, or the time of the first record to be read. What is outside the log means its nearest end. */
  readonly offset: number | Date
}

/** Counts since the start, and how things are now. */
export interface GroupStats {
  /** Messages whose handler succeeded. */
  readonly handled: number
  /** Attempts that failed and were followed by another. */
  readonly retried: number
  /** Messages that went to the dead-letter topic, those of parked aggregates included. */
  readonly deadLettered: number
  /** Aggregates that are parked in the partitions of this member. */
  readonly parked: number
  /** Messages whose handler runs or waits for its next attempt. */
  readonly running: number
  /** Messages that were fetched and not started. */
  readonly queued: number
  /** Finished messages after an unfinished one, unfinished ones included: what a crash would redeliver. */
  readonly uncommitted: number
  /** Partitions this member reads. */
  readonly partitions: number
  /** Of these the ones that someone asked to be paused. */
  readonly paused: number
  /** Topics of which nothing, or one message at a time, is read, because most of the latest ones became dead letters. */
  readonly stoppedTopics: number
  /** Handlers that have been running for `hangAfterMs` or longer. */
  readonly hanging: number
  /** Bytes of the messages that were fetched and are not finished. */
  readonly bytesHeld: number
  /** How often this member was given its partitions: grows with every rebalance. */
  readonly assignments: number
  /** ms since the oldest running message was started; 0 when nothing runs. */
  readonly longestRunningMs: number
}

/** A member of a consumer group with typed handlers. */
export interface ConsumerGroup extends Handle {
  /**
   * Makes the dead-letter topic if it is missing and begins to read. A second call gets the first one's promise.
   * @throws KafkaError when Kafka cannot be reached; ConsumerError `CLOSED`
   */
  start(): Promise<void>
  /** Takes nothing new, waits for the running handlers (at most `timeoutMs`, default 30,000), commits, leaves the group. */
  drain(options?: DrainOptions): Promise<void>
  /** Aborts the handlers' signal, commits what is finished, leaves the group without waiting for the rest. */
  close(): Promise<void>
  /**
   * Resolves when the whole group, not only this member, has committed everything that was in its topics at
   * the time of the call.
   * @throws ConsumerError `CATCH_UP_TIMEOUT` after `timeoutMs` (default 30,000), `CLOSED`; OptionsError
   */
  whenCaughtUp(options?: { readonly timeoutMs?: number }): Promise<void>
  /**
   * Begins no handler for these partitions until they are resumed, and fetches nothing of them; handlers that run end,
   * but what fails is not tried again before. It concerns this member alone, also for partitions that it is assigned
   * later, and as long as the process lives: `eventtrail groups pause` pauses all members. A later call counts more than
   * an earlier one: all may be paused, and then one topic resumed.
   * @throws OptionsError for a topic that the group does not read
   */
  pause(scope?: PauseScope): void
  /** Ends what {@link pause} asked for, and reads topics again that the breaker has stopped. @throws OptionsError for a topic that the group does not read */
  resume(scope?: PauseScope): void
  /**
   * Continues at another place of a partition that this member reads: it is committed, and then read from. Handlers that
   * run meanwhile end; what was handled before and is read again is handled again.
   * @throws ConsumerError `NOT_ASSIGNED` where the partition is another member's, or became one meanwhile, `CLOSED`;
   *   KafkaError; OptionsError
   */
  seek(target: SeekTarget): Promise<void>
  stats(): GroupStats
  /**
   * Its health; what its handlers need is not part of that. From the first call on, servers that it hears nothing of
   * for a while are asked every few seconds whether they are there.
   */
  health(): Health
  readonly deadLetterTopic: string
}
