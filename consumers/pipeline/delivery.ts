import { type Clock, type Logger, machineClock } from '../../core/index.ts'
import type { RetryPolicy } from '../options.ts'
import type { AnyBatchHandler, MessageHandler, Middleware } from '../types.ts'
import { forOneEvent } from './batches/index.ts'
import { asCause, asNoCause, type Call, composed, decoding } from './chain.ts'
import type { Decoder } from './decoder.ts'
import { begin, type FinalFailureParts, giveUp, parkedError } from './failures/index.ts'
import { measure, type RunningCall } from './measure.ts'
import { type MaybePromise, type Message, newRun, type Run, type Slot } from './message.ts'
import { retrying } from './retry.ts'
import { timeout } from './timeout.ts'

export interface DeliveryOptions extends Omit<FinalFailureParts, 'clock'> {
  readonly decode: Decoder
  /** By event name. */
  readonly handlers: Readonly<Record<string, MessageHandler | undefined>>
  /** The same of batches, for their events that are delivered on their own. */
  readonly batchHandlers: ReadonlyMap<string, AnyBatchHandler>
  /** The first one is outermost. Each attempt passes through all of them. */
  readonly use: readonly Middleware[]
  /** ms that one attempt may take; undefined: as long as it likes. */
  readonly timeoutMs: number | undefined
  readonly retry: RetryPolicy & { readonly attempts: number }
  /** Calls of handlers that run. */
  readonly calls: Set<RunningCall>
  readonly onRetry: () => void
  /** Gets the time of each call of a handler, in ms. */
  readonly onCall: (ms: number) => void
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * How a message was left. `parked`: it is in the dead letters after an earlier one of its aggregate. `passed`: there was
 * nothing to handle in it. `left`: unfinished, because the group stops or the partition is another member's now.
 */
export type Outcome = 'handled' | 'dead-lettered' | 'parked' | 'passed' | 'left'

/**
 * Takes one message to its end. Never rejects or throws for anything that a handler, a registry or Kafka does. It answers at
 * once where nothing had to be waited for.
 */
export type Deliver = (message: Message, slot: Slot) => Promise<Outcome> | Outcome

/**
 * The way of a message: retry(decode → timeout → `use` → measure → handler), and a dead letter where all of that failed.
 */
export function createDelivery(options: DeliveryOptions): Deliver {
  const { handlers, batchHandlers, use, timeoutMs, calls, onCall, clock = machineClock } = options
  const parts = { ...options, clock }
  const outer = timeoutMs === undefined ? [] : [timeout({ ...parts, timeoutMs })]
  const inner = measure({ calls, onEnd: onCall, clock })
  const chains = new Map<string, Call>()
  for (const [name, handler] of Object.entries(handlers))
    if (handler) chains.set(name, asCause(composed([...outer, ...use], inner(handler))))
  for (const [name, handler] of batchHandlers) chains.set(name, asNoCause(composed(outer, inner(forOneEvent(handler)))))
  const attempts = retrying(parts)(decoding({ ...options, handlers: chains }))

  const succeeded = (message: Message, run: Run): Outcome => {
    options.parking?.()?.end(message)
    return run.isLeft ? 'left' : 'handled'
  }

  async function failed(message: Message, run: Run, thrown: unknown): Promise<Outcome> {
    try {
      return (await giveUp(message, run, thrown, parts)) ? 'dead-lettered' : 'left'
    } finally {
      options.parking?.()?.end(message)
    }
  }

  function deliver(message: Message, run: Run): Promise<Outcome> | Outcome {
    let tried: MaybePromise
    try {
      tried = attempts(message, run)
    } catch (thrown) {
      return failed(message, run, thrown)
    }
    if (!tried) return succeeded(message, run)
    return tried.then(
      () => succeeded(message, run),
      (thrown: unknown) => failed(message, run, thrown)
    )
  }

  async function deliverInItsTurn(message: Message, run: Run): Promise<Outcome> {
    let hasTurn = false
    try {
      hasTurn = await begin(message, run, parts)
    } catch (thrown) {
      return await failed(message, run, thrown)
    }
    if (hasTurn && run.isParked) {
      const outcome = await failed(message, run, parkedError())
      return outcome === 'left' ? outcome : 'parked'
    }
    if (hasTurn && message.redriven?.end === undefined) return await deliver(message, run)
    options.parking?.()?.end(message)
    return hasTurn ? 'passed' : 'left'
  }

  return (message, slot) => {
    const run = newRun(slot)
    const isFree = options.parking?.()?.isFree(message) ?? true
    const isEnd = message.redriven?.end !== undefined
    return isFree && !isEnd ? deliver(message, run) : deliverInItsTurn(message, run)
  }
}
