import { AsyncLocalStorage } from 'node:async_hooks'
import type { Middleware } from 'eventtrail/consumer'
import { type DestinationStream, type Logger, pino } from 'pino'

const current = new AsyncLocalStorage<{ readonly eventId: string; readonly attempt: number }>()

/** A middleware: whatever is logged while an event is handled has the id of the event and the attempt. */
export const withEventInLog: Middleware = next => (envelope, context) =>
  current.run({ eventId: envelope.id, attempt: context.attempt }, () => next(envelope, context))

export const createLog = (to?: DestinationStream): Logger => {
  const options = { level: process.env.LOG_LEVEL ?? 'info', mixin: () => current.getStore() ?? {} }
  return to ? pino(options, to) : pino(options)
}
