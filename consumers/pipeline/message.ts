import type { KafkaRecord, UnreadableBatch } from '../../kafka/index.ts'
import type { Envelope } from '../../schemas/index.ts'
import type { Origin, Redriven } from '../dead-letters/index.ts'
import { type Inbox, type Once, onceOf } from '../inbox/index.ts'
import type { AssignedPartition } from '../progress/index.ts'
import type { MessageContext } from '../types.ts'
import type { Slot as LaneSlot } from './aggregate-lanes.ts'
import type { LaneItem } from './lane.ts'

/** What a message may do to the slot that it has: other messages may have the same. */
export type Slot = Pick<LaneSlot, 'rest'>

/** One message on its way to a handler; those of one aggregate of an event are in one lane. */
export interface Message extends LaneItem {
  readonly eventName: string
  readonly record: KafkaRecord
  /** The partition that it was read from. */
  readonly source: AssignedPartition
  /** It was a dead letter before, or ends those of an aggregate: what its headers say. */
  readonly redriven?: Redriven | undefined
  /** It represents a whole batch of the log, whose bytes are its value: why that cannot be read. */
  readonly unreadable?: Pick<UnreadableBatch, 'code' | 'reason'> | undefined
  /** What it failed with as one of a batch, once it has: that was its first attempt. */
  fault?: { readonly thrown: unknown } | undefined
}

/** What is known of a message while it is delivered; each attempt continues with what the one before has left here. */
export interface Run {
  readonly slot: Slot
  /** 1 for the first one. */
  attempt: number
  /** When an attempt failed for the first time, in ms since 1970. */
  firstFailureAt: number | undefined
  /** What the last attempt has decoded; undefined while nothing could be. */
  envelope: Envelope | undefined
  /** Its handler is not called: an earlier message of its aggregate is in the dead letters. */
  isParked: boolean
  /** The message is not finished here: the group stops, or the partition is another member's now. */
  isLeft: boolean
}

/** Nothing, where nothing has to be waited for: promises are most of what a message costs. */
export type MaybePromise = Promise<void> | void

/**
 * Takes a message as it is in the log through one or more attempts. It rejects with the failure of the last one, or throws
 * it where nothing had to be waited for.
 */
export type Step = (message: Message, run: Run) => MaybePromise

/** A middleware of a step, as `Middleware` is one of a handler. */
export type Stage = (next: Step) => Step

export const newRun = (slot: Slot): Run => ({
  slot,
  attempt: 1,
  firstFailureAt: undefined,
  envelope: undefined,
  isParked: false,
  isLeft: false
})

/** For the pipeline alone: the slot that the call of a handler has. */
export const slotOf: unique symbol = Symbol('slot')

/** The context that middlewares of the pipeline get; those of users pass it on. */
export interface RunContext extends MessageContext {
  readonly [slotOf]?: Slot
}

export interface ContextParts {
  readonly group: string
  /** With the prefix: what the group is called where environments share a database. */
  readonly groupId: string
  readonly inbox: Inbox
  /** Aborts when running handlers shall end. */
  readonly closing: AbortSignal
}

/** The last one of a name counts; one without a value is left out. */
function headersOf({ headers }: KafkaRecord): Readonly<Record<string, string>> {
  if (headers.length === 0) return noHeaders
  // A header may be called `__proto__`.
  const texts: Record<string, string> = Object.create(null)
  for (const [name, value] of headers) if (value !== null) texts[name] = value.toString()
  return texts
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

/** The context of one attempt. */
export const contextOf = (message: Message, run: Run, parts: ContextParts): RunContext =>
  new AttemptContext(message, run, parts)

/** All of it is of its own: middlewares spread it. A class, because there is one for each message (decision 0070). */
class AttemptContext implements RunContext {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
  readonly attempt: number
  readonly signal: AbortSignal
  readonly once: Once
  readonly [slotOf]: Slot

  constructor({ record, source, redriven }: Message, run: Run, { group, groupId, inbox, closing }: ContextParts) {
    const origin = redriven?.origin
    this.group = group
    this.topic = origin ? origin.topic : source.topic
    this.partition = origin ? origin.partition : source.partition
    this.offset = origin ? origin.offset : record.offset
    this.timestamp = record.timestamp
    this.headers = headersOf(record)
    this.attempt = run.attempt
    this.signal = closing
    this.once = onceOf(inbox, groupId, run.envelope?.id)
    this[slotOf] = run.slot
  }
}

/** Where a message was first, which is where it was read from unless it is a redriven one. */
export const originOf = ({ record, source, redriven }: Message): Origin =>
  redriven?.origin ?? { topic: source.topic, partition: source.partition, offset: record.offset }

/** Where a message is, for a log. */
export function placeOf(message: Message): object {
  const { record, source, redriven } = message
  const place = originOf(message)
  if (!redriven) return place
  return { ...place, redriven: `${source.topic}/${source.partition}/${record.offset}` }
}
