import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { checkOptions, type Rule, type Rules, rule } from '../core/index.ts'
import type { Envelope } from './types.ts'
import { actorHint, isWho, tracestateRule, type Who, whoRules } from './who.ts'

/** What all events have in common that are published within one request, or by the handler of one event. */
export interface EventContext extends Who {
  /** W3C trace context of other vendors, next to `traceparent`. */
  readonly tracestate?: string | undefined
  /** Id of the event that caused what is published. */
  readonly causation?: string | undefined
}

const key = Symbol.for('eventtrail.context')
const shared = globalThis as { [key]?: AsyncLocalStorage<EventContext | undefined> }
// One process may load the package twice, and a request set its context with one copy and publish with the other.
shared[key] ??= new AsyncLocalStorage<EventContext | undefined>()
const storage = shared[key]

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

// Values may be personal data where a caller confuses a name with an id: no error repeats one.
const unshown = (isValid: (value: string) => boolean, expected: string): Rule => ({
  ...rule.such(value => typeof value === 'string' && isValid(value), expected),
  isSecret: true
})

const { source, actor } = whoRules
const actorRule = unshown(actor.isValid, actor.expected)
// Of what a client sent, which is left out where it is wrong.
const anything = rule.such(() => true, '')
const rules: Rules<EventContext> = {
  traceparent: anything,
  tracestate: anything,
  source: unshown(source.isValid, source.expected),
  actor: {
    ...actorRule,
    fault: value => {
      const [fault, hint] = [actorRule.fault(value), actorHint(value)]
      return fault !== undefined && hint !== undefined ? `${fault}; ${hint}` : fault
    }
  },
  causation: unshown(value => uuid.test(value), 'the id of an event, a UUID')
}

/**
 * Runs `work` so that all events that are published in it, also after `await`, have these headers where the call of
 * `publish` does not give them. What is left out is that of the context around it; undefined takes it away. The trace
 * context comes from a client: a `traceparent` that is none is left out, and the `tracestate` with it (W3C Trace Context,
 * section 3.2). A new `traceparent` takes the `tracestate` around it away.
 * @returns what `work` returns
 * @throws OptionsError for an actor, a source or a causation that is none; it repeats no value
 */
export function withContext<T>(context: EventContext, work: () => T): T {
  checkOptions(context, rules)
  const { traceparent, tracestate, ...rest } = context
  const around = storage.getStore()
  const trace = 'traceparent' in context || 'tracestate' in context ? traceOf(traceparent, tracestate) : {}
  return storage.run(Object.freeze({ ...around, ...rest, ...trace }), work)
}

/** The context of the caller; undefined outside of any. */
export const currentContext = (): EventContext | undefined => storage.getStore()

/**
 * The context of what an event causes: its actor and its trace, and its id as `causation`. Handlers of single events run in
 * it. A handler of batches, or a subscriber of a bus, publishes in `withContext(causedBy(envelope, headers), …)`. Headers
 * of another producer that break the rules are left out; the source is that of the publisher.
 */
export function causedBy({ id }: Pick<Envelope, 'id'>, headers: Readonly<Record<string, string>>): EventContext {
  const { actor, traceparent, tracestate } = headers
  return new Cause(
    actor !== undefined && isWho('actor', actor) ? actor : undefined,
    traceparent === undefined ? noTrace : traceOf(traceparent, tracestate),
    id
  )
}

/** A class, because there is one for each message (decision 0070). */
class Cause implements EventContext {
  readonly source = undefined
  readonly actor: string | undefined
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly causation: string

  constructor(actor: string | undefined, { traceparent, tracestate }: Trace, causation: string) {
    this.actor = actor
    this.traceparent = traceparent
    this.tracestate = tracestate
    this.causation = causation
  }
}

/** Runs `work` in this context alone, without what is around it. */
export const inContext = <Given extends unknown[], T>(
  context: EventContext | undefined,
  work: (...given: Given) => T,
  ...given: Given
): T => storage.run(context, work, ...given)

/**
 * The same as {@link inContext} for work that is done again and again, at a fifth of its cost: `run` of Node makes two
 * copies of all that asynchronous context holds, one to begin and one to end. This makes one, of what held where
 * `eachInContext` was called. What other storages hold for the work is of there too.
 */
export function eachInContext<One, Other, T>(
  work: (one: One, other: Other) => T
): (context: EventContext, one: One, other: Other) => T {
  const around = new AsyncResource('eventtrail.context', { requireManualDestroy: true })
  const begin = (context: EventContext, one: One, other: Other): T => {
    storage.enterWith(context)
    return work(one, other)
  }
  let isWithin = false
  return (context, one, other) => {
    // Node 22 keeps the context in the resource: one within the other would end it for both.
    if (isWithin) return storage.run(context, work, one, other)
    isWithin = true
    try {
      return around.runInAsyncScope(begin, undefined, context, one, other)
    } finally {
      isWithin = false
    }
  }
}

type Trace = Pick<EventContext, 'traceparent' | 'tracestate'>

function traceOf(traceparent: unknown, tracestate: unknown): Trace {
  if (typeof traceparent !== 'string' || !isWho('traceparent', traceparent)) return noTrace
  const isValid = typeof tracestate === 'string' && tracestateRule.isValid(tracestate)
  return { traceparent, tracestate: isValid ? tracestate : undefined }
}

const noTrace: Trace = { traceparent: undefined, tracestate: undefined }
