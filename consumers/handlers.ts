import { checkOptions, few, OptionsError, type Rules, rule } from '../core/index.ts'
import { type Catalogue, type EventMap, eventNamePattern } from '../schemas/index.ts'
import type { AnyBatchHandler, BatchHandler, Handlers, MessageHandler } from './types.ts'

/** How many events a handler of batches gets. */
export interface BatchLimits {
  /** Of the event. */
  readonly name: string
  readonly maxItems: number
  readonly maxWaitMs: number
}

/** The handlers of a group, by event name and kind. */
export interface HandlersByKind {
  readonly eventNames: readonly string[]
  readonly handlers: Readonly<Record<string, MessageHandler>>
  readonly batchHandlers: ReadonlyMap<string, AnyBatchHandler>
  readonly batchings: ReadonlyMap<string, BatchLimits>
}

/** Most events of one call: what is decoded at once is in memory besides what was fetched. */
const mostEvents = 10_000

/** As it is given, with `onBatch` for any event. */
type GivenBatchHandler = Omit<BatchHandler<EventMap, string>, 'onBatch'> & { readonly onBatch: AnyBatchHandler }

const batchRules: Rules<GivenBatchHandler> = {
  onBatch: rule.required(rule.function()),
  maxEvents: rule.wholeNumber(1, mostEvents),
  maxWaitMs: rule.duration(0)
}

/** Checks the handlers of a group. @throws OptionsError */
export function handlersByKind<Events extends EventMap>(
  given: Handlers<Events>,
  catalogue: Pick<Catalogue<Events>, 'eventNames'>
): HandlersByKind {
  const handlers: Record<string, MessageHandler> = {}
  const batchHandlers = new Map<string, AnyBatchHandler>()
  const batchings = new Map<string, BatchLimits>()
  for (const [name, handler] of Object.entries<unknown>(given)) {
    if (!eventNamePattern.test(name)) throw new OptionsError('handlers', 'event names as keys', name)
    if (!catalogue.eventNames.includes(name))
      throw new OptionsError('handlers', `for events of the catalogue, which has ${few(catalogue.eventNames)}`, name)
    const option = `handlers['${name}']`
    if (typeof handler === 'function') handlers[name] = handler as MessageHandler
    else if (typeof handler === 'object' && handler !== null) {
      checkOptions(handler as GivenBatchHandler, batchRules, `${option}.`)
      const { maxEvents = 100, maxWaitMs = 0 } = handler as GivenBatchHandler
      // It may be a method of its object.
      batchHandlers.set(name, (events, context) => (handler as GivenBatchHandler).onBatch(events, context))
      batchings.set(name, { name, maxItems: maxEvents, maxWaitMs })
    } else throw new OptionsError(option, 'a function, or an object with `onBatch`', handler)
  }
  return { eventNames: Object.keys(given).sort(), handlers, batchHandlers, batchings }
}
