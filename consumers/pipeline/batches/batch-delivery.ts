import { backoffMs, type Clock, type Logger, machineClock, pause } from '../../../core/index.ts'
import type { Envelope } from '../../../schemas/index.ts'
import { onceOfBatch } from '../../inbox/index.ts'
import type { RetryPolicy } from '../../options.ts'
import type { AnyBatchHandler } from '../../types.ts'
import type { Slot } from '../aggregate-lanes.ts'
import { asNoCause, composed } from '../chain.ts'
import type { Decoder } from '../decoder.ts'
import { judge, logFieldsOf, type PersistParts } from '../failures/index.ts'
import { measure, type RunningCall } from '../measure.ts'
import { type ContextParts, contextOf, type Message, newRun } from '../message.ts'
import { timeout } from '../timeout.ts'
import { BatchCall } from './batch-call.ts'
import { BatchDivision, type BatchOutcome } from './batching.ts'

export interface BatchDeliveryOptions extends ContextParts, Pick<PersistParts, 'parking'> {
  readonly decode: Decoder
  /** By event name. */
  readonly batchHandlers: ReadonlyMap<string, AnyBatchHandler>
  /** ms that one call may take; undefined: as long as it likes. */
  readonly timeoutMs: number | undefined
  readonly retry: RetryPolicy & { readonly attempts: number }
  /** Calls of handlers that run. */
  readonly calls: Set<RunningCall>
  readonly onRetry: () => void
  /** Gets the time of each call of a handler, in ms. */
  readonly onCall: (ms: number) => void
  /** Whether the messages of errors may be logged. */
  readonly logMessages: boolean
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Calls a handler with messages of one event name, and divides them while it fails. Never rejects for anything that the
 * handler or the registry does.
 * @param report gets each message that was handled, or that goes back to its lane (`again`) to be delivered on its own.
 *   The others are left: unfinished, because the group stops or the partition is another member's now
 */
export type DeliverBatch = <M extends Message>(
  messages: readonly M[],
  slot: Slot<M>,
  report: (message: M, outcome: 'handled' | 'again') => void
) => Promise<void>

/** The way of a batch: decode → timeout → measure → handler, for all of its messages and then for parts of them. */
export function createBatchDelivery(options: BatchDeliveryOptions): DeliverBatch {
  const {
    group,
    groupId,
    inbox,
    batchHandlers,
    retry,
    closing,
    onRetry,
    log,
    timeoutMs,
    calls,
    onCall,
    clock = machineClock
  } = options
  const outer = timeoutMs === undefined ? [] : [timeout({ timeoutMs, log, clock })]
  const inner = measure({ calls, onEnd: onCall, clock })

  async function callHandler<M extends Message>(part: readonly M[], envelopes: readonly Envelope[], slot: Slot<M>) {
    const [message, envelope] = [part[0] as M, envelopes[0] as Envelope]
    const facts = part.map((each, place) => ({
      lane: each.lane,
      context: () => contextOf(each, { ...newRun(slot), envelope: envelopes[place] }, options)
    }))
    const call = new BatchCall(envelopes, facts)
    const handler = batchHandlers.get(message.eventName) as AnyBatchHandler
    const once = onceOfBatch(inbox, groupId, envelopes, event => call.hasFailed(event))
    // To those around it the call is one with its first event.
    const attempt = asNoCause(
      composed(
        outer,
        inner((_first, { signal }) => call.call(handler, { group, signal, once }))
      )
    )
    let failure: { readonly thrown: unknown } | undefined
    try {
      await attempt(envelope, contextOf(message, newRun(slot), options))
    } catch (thrown) {
      failure = { thrown }
    }
    return { failure, marks: call.marks }
  }

  return async (messages, slot, report) => {
    const division = new BatchDivision(messages)
    const ended = (outcome: BatchOutcome<(typeof messages)[number]>): void => {
      const step = division.ended(outcome)
      for (const message of step.handled) report(message, 'handled')
      for (const { lane, again } of step.ended) {
        // What is left must not come again from here: it will be fetched again.
        const back = again.filter(({ source }) => !source.ended.aborted)
        for (const message of back) report(message, 'again')
        slot.release(lane, back)
      }
    }
    let waits = 0
    for (let part = division.next; part; part = division.next) {
      const gone = part.filter(({ source }) => source.ended.aborted)
      if (gone.length > 0) {
        ended({ marked: new Set(gone), isFailed: true })
        continue
      }
      const { envelopes, unread } = await decoded(part, slot, options)
      if (closing.aborted) return
      if (unread.size > 0) {
        ended({ marked: unread, isFailed: true })
        continue
      }
      const { failure, marks } = await callHandler(part, envelopes, slot)
      // A handler that saw its signal may have returned half-way.
      if (closing.aborted) return
      if (!failure && marks.size === 0 && part === messages) {
        // Nearly always. All its lanes are released with the end of the work.
        for (const message of messages) report(message, 'handled')
        return
      }
      const marked = new Set([...marks.keys()].map(place => part[place] as (typeof part)[number]))
      for (const [place, thrown] of marks) (part[place] as Message).fault = { thrown }
      if (failure && part.length === 1 && marked.size === 0) (part[0] as Message).fault = failure
      if (failure && part.length > 1) {
        onRetry()
        const first = part[0] as Message
        const fields = { ...logFieldsOf(first, newRun(slot), failure.thrown, options), events: part.length }
        // What a handler needs may be away, or only one event needs it.
        if (judge(failure.thrown) === 'wait' && waits < retry.attempts && marked.size === 0) {
          waits += 1
          const waitMs = backoffMs(waits, retry, clock.random)
          log.warn({ ...fields, waitMs }, 'a batch failed, it is tried again')
          await slot.rest(() => pause(waitMs, first.source.ended, clock))
          continue
        }
        log.warn(fields, 'a batch failed, it is divided')
      }
      ended({ marked, isFailed: failure !== undefined })
    }
  }
}

/** What cannot be read is of no use to the handler, and is delivered on its own. */
async function decoded<M extends Message>(
  part: readonly M[],
  slot: Slot<M>,
  { decode, parking }: BatchDeliveryOptions
) {
  const parked = parking?.()
  const envelopes: Envelope[] = []
  const unread = new Set<M>()
  for (const message of part) {
    // The end of an aggregate's dead letters is no event, and what is parked has to wait for others.
    if (message.unreadable || message.redriven?.end !== undefined || parked?.isFree(message) === false)
      unread.add(message)
    else {
      try {
        const envelope = decode(message.eventName, message.record.value, slot)
        envelopes.push(envelope instanceof Promise ? await envelope : envelope)
      } catch {
        unread.add(message)
      }
    }
  }
  return { envelopes, unread }
}
