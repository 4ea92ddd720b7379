import type { DrainOptions, Handle } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { EnvelopeOf, EventMap, EventName } from '../schemas/index.ts'

/** The place of a message and how often it was tried. */
export interface MessageContext {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** When it was written to the log, milliseconds since 1970. */
  readonly timestamp: number
  /** The message's headers as text; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>
  /** 1 for the first call of this process with this message. */
  readonly attempt: number
  /** Aborts when the group stops without waiting any longer: return soon, the message comes again. */
  readonly signal: AbortSignal
}

/**
 * Handles one event. It is finished when the promise resolves, and may be called again with the same event at
 * any time (at least once): make it idempotent, by `envelope.id` for instance.
 */
export type Handler<Events extends EventMap, Name extends EventName<Events>> = (
  envelope: EnvelopeOf<Events, Name>,
  context: MessageContext
) => Promise<void> | void

/** The handlers of a group by event name; it reads the topics of these names and no others. */
export type Handlers<Events extends EventMap> = {
  readonly [Name in EventName<Events>]?: Handler<Events, Name>
}

/** Counts since the start, and how things are now. */
export interface GroupStats {
  /** Messages whose handler succeeded. */
  readonly handled: number
  /** Attempts that failed and were followed by another. */
  readonly retried: number
  /** Messages that went to the dead-letter topic. */
  readonly deadLettered: number
  /** Messages whose handler runs or waits for its next attempt. */
  readonly running: number
  /** Messages that were fetched and not started. */
  readonly queued: number
  /** Finished messages after an unfinished one, unfinished ones included: what a crash would redeliver. */
  readonly uncommitted: number
  /** Partitions this member reads. */
  readonly partitions: number
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
  stats(): GroupStats
  /**
   * Its health; what its handlers need is not part of that. From the first call on, servers that it hears nothing of
   * for a while are asked every few seconds whether they are there.
   */
  health(): Health
  readonly deadLetterTopic: string
}
