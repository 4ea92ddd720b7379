import type { Logger } from '../../core/index.ts'
import { backoffMs, pause } from '../../core/index.ts'
import type { KafkaRecord, UnreadableBatch } from '../../kafka/index.ts'
import type { Envelope } from '../../schemas/index.ts'
import type { DeadLetterFacts, Part } from '../dead-letters/index.ts'
import { ConsumerError } from '../errors.ts'
import type { RetryPolicy } from '../options.ts'
import type { AssignedPartition } from '../progress/index.ts'
import type { MessageContext } from '../types.ts'
import type { Slot } from './aggregate-lanes.ts'
import type { Decoder } from './decoder.ts'
import { faultName, faultNames, isOurs, judge } from './faults.ts'

/** One message on its way to a handler. */
export interface Message {
  readonly eventName: string
  readonly record: KafkaRecord
  readonly source: AssignedPartition
  /** It represents a whole batch of the log, whose bytes are its value: why that cannot be read. */
  readonly unreadable?: Pick<UnreadableBatch, 'code' | 'reason'>
}

export interface DeliveryOptions {
  readonly group: string
  readonly decode: Decoder
  readonly handle: (eventName: string, envelope: Envelope, context: MessageContext) => Promise<void>
  /**
   * Resolves once all in-sync replicas of the dead-letter topic have the message, to what of it had to be left out.
   * `barest`: nothing but where it came from is written.
   */
  readonly sendDeadLetter: (
    message: KafkaRecord,
    facts: DeadLetterFacts,
    options: { readonly barest: boolean }
  ) => Promise<readonly Part[]>
  /** Messages whose dead letter is not taken, with the name of the fault: their partitions wait. */
  readonly unwritten: Map<Message, string>
  readonly retry: RetryPolicy & { readonly attempts: number }
  /** Aborts when running handlers shall end. */
  readonly closing: AbortSignal
  readonly log: Logger
}

/** How a message was left. `left`: unfinished, because the group stops or the partition is another member's now. */
export type Outcome = 'handled' | 'dead-lettered' | 'left'

/**
 * Takes one message to its end: decoded, handled, tried again with back-off, at last dead-lettered. Never
 * rejects for anything that a handler, a registry or Kafka does.
 */
export async function deliver(
  message: Message,
  slot: Slot,
  options: DeliveryOptions,
  onRetry: () => void
): Promise<Outcome> {
  const { record, source, eventName } = message
  const { ended } = source
  const where = { topic: source.topic, partition: source.partition, offset: record.offset }
  let failures = 0
  let decoded = false
  // Not `retry()`, here and below: a message gives up its slot while it pauses, and only some failures are counted.
  for (let attempt = 1; !ended.aborted; attempt += 1) {
    try {
      if (message.unreadable) throw new ConsumerError(message.unreadable.code, message.unreadable.reason)
      const envelope = await options.decode(eventName, record.value, slot.rest)
      decoded = true
      if (options.closing.aborted) return 'left'
      await options.handle(eventName, envelope, contextOf(message, attempt, options.closing))
      return 'handled'
    } catch (thrown) {
      if (options.closing.aborted) return 'left'
      const verdict = judge(thrown)
      if (verdict !== 'wait') failures += 1
      if (verdict === 'give up' || failures >= options.retry.attempts) {
        // A handler that turns an event down knows why; what cannot be read, or failed to the end, is for an operator.
        const level = decoded && verdict === 'give up' ? 'warn' : 'error'
        return await giveUp(message, slot, options, { code: faultName(thrown), attempts: attempt }, level)
      }
      const waitMs = backoffMs(attempt, options.retry)
      options.log.warn(
        { ...where, fault: faultNames(thrown), attempt, waitMs, verdict },
        'a message failed, it is tried again'
      )
      onRetry()
      await slot.rest(() => pause(waitMs, ended))
    }
  }
  return 'left'
}

/** Attempts with all of a message that may fail through a fault of this process before nothing but its place is written. */
const wholeAttempts = 3

async function giveUp(
  message: Message,
  slot: Slot,
  { group, retry, sendDeadLetter, unwritten, log }: DeliveryOptions,
  fault: { code: string; attempts: number },
  level: 'warn' | 'error'
): Promise<Outcome> {
  const { record, source } = message
  const where = { topic: source.topic, partition: source.partition, offset: record.offset }
  const { ended } = source
  const facts = { group, topic: source.topic, partition: source.partition, ...fault }
  let oursAlone = 0
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const leftOut = await sendDeadLetter(record, facts, { barest: oursAlone >= wholeAttempts })
        log[level]({ ...where, ...fault, ...(leftOut.length > 0 && { leftOut }) }, 'a message was dead-lettered')
        return 'dead-lettered'
      } catch (thrown) {
        if (isOurs(thrown)) oursAlone += 1
        unwritten.set(message, faultName(thrown))
        const waitMs = backoffMs(attempt, retry)
        log.error(
          { ...where, fault: faultNames(thrown), waitMs },
          'a dead letter cannot be written; its partition waits'
        )
        if (!(await slot.rest(() => pause(waitMs, ended)))) return 'left'
      }
    }
  } finally {
    unwritten.delete(message)
  }
}

function contextOf({ record, source }: Message, attempt: number, signal: AbortSignal): MessageContext {
  // The last one of a name counts; one without a value is left out. A header may be called `__proto__`.
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of record.headers) if (value !== null) headers[name] = value.toString()
  const { topic, partition } = source
  return { topic, partition, offset: record.offset, timestamp: record.timestamp, headers, attempt, signal }
}
