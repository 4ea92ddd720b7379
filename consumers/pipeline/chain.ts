import { causedBy, type Envelope, eachInContext, inContext } from '../../schemas/index.ts'
import { ConsumerError } from '../errors.ts'
import type { MessageHandler, Middleware } from '../types.ts'
import type { Decoder } from './decoder.ts'
import { type ContextParts, contextOf, type MaybePromise, type Message, type Run, type Step } from './message.ts'

/** A handler with what is around it. It ends at once where nothing has to be waited for: then no promise is made. */
export type Call = (...given: Parameters<MessageHandler>) => MaybePromise

/** One handler of several middlewares around a handler: the first one is outermost. */
export function composed(middlewares: readonly Middleware[], handler: Call): Call {
  if (middlewares.length === 0) return handler
  // Middlewares may count on a promise.
  const inner: MessageHandler = async (envelope, context) => handler(envelope, context)
  const outer = middlewares.reduceRight((next, middleware) => middleware(next), inner)
  return (envelope, context) => promised(outer(envelope, context))
}

/** The same call, in which all that is published is caused by its event, whatever context the group was started in. */
export function asCause(call: Call): Call {
  const inCause = eachInContext(call)
  return (envelope, context) => inCause(causedBy(envelope, context.headers), envelope, context)
}

/** The same call in no context: what is published for many events has no single cause. */
export const asNoCause =
  (call: Call): Call =>
  (envelope, context) =>
    inContext(undefined, call, envelope, context)

/** What a function of users has returned, if it has to be waited for: any object with `then` has, as for `await`. */
export function promised(returned: unknown): Promise<void> | undefined {
  if (returned instanceof Promise) return returned
  const isObject = (typeof returned === 'object' && returned !== null) || typeof returned === 'function'
  if (!isObject || !('then' in returned)) return undefined
  return Promise.resolve(returned as PromiseLike<void>)
}

export interface DecodingParts extends ContextParts {
  readonly decode: Decoder
  /** By event name. */
  readonly handlers: ReadonlyMap<string, Call>
}

/**
 * The step from a message to its handler. It decodes for each attempt, so that none gets an envelope that the one before
 * has changed.
 */
export function decoding(parts: DecodingParts): Step {
  const { decode, handlers, closing } = parts
  const call = (message: Message, run: Run, envelope: Envelope): MaybePromise => {
    run.envelope = envelope
    if (closing.aborted) return
    if (message.fault && run.attempt === 1) throw message.fault.thrown
    return handlers.get(message.eventName)?.(envelope, contextOf(message, run, parts))
  }
  return (message, run) => {
    const { unreadable, eventName, record } = message
    if (unreadable) throw new ConsumerError(unreadable.code, unreadable.reason)
    if (message.redriven && !handlers.has(eventName))
      throw new ConsumerError('EVENT_UNHANDLED', 'This group has no handler for a dead letter that was redriven')
    const decoded = decode(eventName, record.value, run.slot)
    if (decoded instanceof Promise) return decoded.then(envelope => call(message, run, envelope))
    return call(message, run, decoded)
  }
}
