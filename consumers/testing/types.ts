import type { EnvelopeOf, EventMap, EventName } from '../../schemas/index.ts'
import type { ConsumerGroupOptions } from '../options.ts'

/** The options of a group that its handlers notice, and how it is tested. */
export interface TestGroupOptions<Events extends EventMap>
  extends Pick<
    ConsumerGroupOptions<Events>,
    | 'catalogue'
    | 'handlers'
    | 'use'
    | 'timeoutMs'
    | 'onFailure'
    | 'retry'
    | 'version'
    | 'concurrency'
    | 'topicPrefix'
    | 'log'
    | 'deadLetters'
  > {
  /** Default `test`. */
  readonly group?: string
  /** When the virtual time begins. Default: now. */
  readonly startAt?: Date
  /**
   * Where `context.once` remembers what was done: in memory (its effects get the client that the handler gave, whatever it
   * is), or in the database of that client, as in production. Default `memory`.
   */
  readonly onceIn?: 'memory' | 'postgres'
}

export interface TestEventOptions {
  /** Any UUID. Default: a new one. */
  readonly id?: string
  /** Default: the virtual time. */
  readonly occurredAt?: Date | bigint
  readonly headers?: Readonly<Record<string, string>>
}

/** A message that failed for good, and was not redriven. */
export interface TestDeadLetter<Events extends EventMap> {
  /** The event. */
  readonly envelope: EnvelopeOf<Events>
  /** Error code or class of the last failure. */
  readonly code: string
  readonly attempts: number
  /** All headers of the dead letter, as text. */
  readonly headers: Readonly<Record<string, string>>
}

export interface SettleOptions {
  /** Virtual ms in which everything has to be finished. Default: an hour. */
  readonly withinMs?: number
}

/** A consumer group without servers, whose time moves as the test says. */
export interface TestGroup<Events extends EventMap> extends AsyncDisposable {
  /**
   * Adds an event to its topic, as a producer does: checked against the schema of the latest version, and read back from
   * its bytes. Its handler is started when nothing earlier of the aggregate runs.
   * @returns its id
   * @throws SchemaError `PAYLOAD_INVALID` naming the field; OptionsError for an event without a handler
   */
  publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options?: TestEventOptions
  ): Promise<string>
  /** Delivers again what was published and redriven so far, all of it or the event of an id, as after a crash. */
  redeliver(id?: string): void
  /**
   * Sends dead letters to the group again, as `eventtrail dead-letters redrive` does: in the order of their aggregate, and
   * with the policy `park` all letters of an aggregate, also those that were not chosen, but none of one whose earlier
   * redrive is not finished. They are taken out of {@link deadLetters}.
   * @param chosen default: all
   * @returns how many were sent
   */
  redrive(chosen?: (letter: TestDeadLetter<Events>) => boolean): number
  /**
   * Gives dead letters up, as `eventtrail dead-letters discard` does: a parked aggregate that has no letter left resumes
   * with its next event. They are taken out of {@link deadLetters}.
   * @param chosen default: all
   * @returns how many
   */
  discard(chosen?: (letter: TestDeadLetter<Events>) => boolean): number
  /**
   * Resolves when every event is handled or dead-lettered. The time of pauses passes at once: the virtual clock moves to
   * the end of each.
   * @throws TestGroupError `NOT_SETTLED` when that needs more than `withinMs`, or a handler runs and nothing happens
   */
  settle(options?: SettleOptions): Promise<void>
  /**
   * Moves the virtual time on, and starts what is due on the way: the next attempts, time-outs. It does not wait for
   * handlers that wait for something else than this time.
   */
  advance(ms: number): Promise<void>
  /** The virtual time. */
  now(): Date
  /** Events whose handler succeeded, in the order in which they ended. */
  readonly handled: readonly EnvelopeOf<Events>[]
  /** In the order in which they were written. One that is redriven leaves the list; when it fails again, there is a new one. */
  readonly deadLetters: readonly TestDeadLetter<Events>[]
  /** With the policy `park`: ids of the aggregates that are parked, once for each event name. */
  readonly parked: readonly string[]
  /** Events that are neither handled nor dead-lettered: they run, or wait for their turn or their next attempt. */
  readonly unfinished: readonly EnvelopeOf<Events>[]
}
