import type { EnvelopeOf, EventMap } from '../schemas/index.ts'
import type { Handlers, MessageContext } from './types.ts'

type AnyHandler<Events extends EventMap> = (envelope: EnvelopeOf<Events>, context: MessageContext) => Promise<void>

/** A handler for each event that has a rule. */
export function handlersFrom<Events extends EventMap, Rule>(
  rules: Readonly<Record<string, Rule | undefined>>,
  handlerOf: (rule: Rule) => AnyHandler<Events>
): Handlers<Events> {
  const handlers = Object.entries(rules).flatMap(([name, rule]) =>
    rule === undefined ? [] : [[name, handlerOf(rule)] as const]
  )
  // Each rule is of the event that it is listed under.
  return Object.fromEntries(handlers) as unknown as Handlers<Events>
}
