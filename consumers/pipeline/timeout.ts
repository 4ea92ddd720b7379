import { type Clock, type Logger, onAbort } from '../../core/index.ts'
import { ConsumerError } from '../errors.ts'
import type { Middleware } from '../types.ts'
import { type RunContext, slotOf } from './message.ts'

export interface TimeoutParts {
  /** ms that one attempt may take. */
  readonly timeoutMs: number
  readonly log: Logger
  readonly clock: Clock
}

/**
 * Aborts the signal of an attempt that takes too long, and fails it, whatever the handler does after that: it may have
 * returned because it saw the signal. A handler that continues keeps its lane until it ends, so that the order holds; its
 * slot is given to others meanwhile, so that handlers that hang do not stop the other aggregates.
 */
export function timeout({ timeoutMs, log, clock }: TimeoutParts): Middleware {
  return next => async (envelope, context: RunContext) => {
    const cut = new AbortController()
    const late = Promise.withResolvers<'late'>()
    const forget = onAbort(context.signal, () => cut.abort(context.signal.reason))
    const callOff = clock.after(timeoutMs, () => {
      cut.abort(timeoutError(timeoutMs))
      late.resolve('late')
    })
    const running = (async () => next(envelope, { ...context, signal: cut.signal }))()
    try {
      if ((await Promise.race([running, late.promise])) !== 'late') return
    } catch (thrown) {
      // Its answer to the signal may arrive first.
      throw cut.signal.reason instanceof ConsumerError ? timeoutError(timeoutMs, thrown) : thrown
    } finally {
      callOff()
      forget()
    }
    const { topic, partition, offset, attempt } = context
    let cause: unknown
    const ended = running.catch((thrown: unknown) => {
      cause = thrown
    })
    const waiting = clock.after(graceMs, () =>
      log.warn(
        { topic, partition, offset, eventId: envelope.id, attempt, timeoutMs },
        'a handler ignores that its time is over; its aggregate waits until it ends'
      )
    )
    await (context[slotOf]?.rest(() => ended) ?? ended)
    waiting()
    throw timeoutError(timeoutMs, cause)
  }
}

/** ms in which a handler should have noticed that its signal has aborted. */
const graceMs = 1_000

function timeoutError(timeoutMs: number, cause?: unknown): ConsumerError {
  const words = `An attempt took longer than ${timeoutMs} ms (timeoutMs)`
  const error = new ConsumerError('HANDLER_TIMEOUT', words, cause)
  // Where the timer is says nothing; where the handler was is in the cause.
  error.stack = `${error.name}: ${words}`
  return error
}
