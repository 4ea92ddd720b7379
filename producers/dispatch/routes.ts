import { type Catalogue, type Registered, type Registry, RegistryError, renumberEnvelope } from '../../schemas/index.ts'
import { versionOf } from '../envelope.ts'
import { PublishError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import type { Pending, Route } from './types.ts'

export interface RouteOptions {
  readonly catalogue: Catalogue
  readonly topicPrefix: string
  readonly versions: Readonly<Record<string, number | undefined>>
}

/** The routes of a producer, made when an event name is first used. */
export class Routes implements Iterable<Route> {
  readonly #options: RouteOptions
  readonly #byEvent = new Map<string, Route>()
  readonly #byTopic = new Map<string, Route>()

  constructor(options: RouteOptions) {
    this.#options = options
  }

  /** @throws PublishError `EVENT_UNKNOWN` */
  of(eventName: string): Route {
    const known = this.#byEvent.get(eventName)
    if (known) return known
    const { catalogue, topicPrefix, versions } = this.#options
    const version = versionOf(
      catalogue,
      eventName,
      Object.hasOwn(versions, eventName) ? versions[eventName] : undefined
    )
    const route: Route = {
      eventName,
      topic: `${topicPrefix}${eventName}`,
      version,
      waiting: new Fifo(),
      registered: undefined,
      opening: false,
      lastError: undefined
    }
    this.#byEvent.set(eventName, route)
    this.#byTopic.set(route.topic, route)
    return route
  }

  byTopic(topic: string): Route | undefined {
    return this.#byTopic.get(topic)
  }

  [Symbol.iterator](): Iterator<Route> {
    return this.#byEvent.values()
  }
}

/**
 * Where the registry has the schema of a route. Never registers: that changes what all services may publish.
 * @throws PublishError `SCHEMA_UNREGISTERED`, RegistryError
 */
export async function findSchema(registry: Registry, route: Route): Promise<Registered> {
  const { eventName, topic, version } = route
  let registered: Registered | undefined
  try {
    registered = await registry.lookup(`${topic}-value`, version.envelope)
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === 'SUBJECT_UNKNOWN')) throw error
  }
  if (registered) return registered
  throw new PublishError(
    'SCHEMA_UNREGISTERED',
    `${eventName}: the schema registry does not have version ${version.version} in the subject ${topic}-value. Run \`eventtrail schemas register\`, or pin a registered version with the option \`versions\``,
    { eventName }
  )
}

/** What a value is encoded with as long as the registry has not answered. */
export const provisional: Registered = { id: 0, version: 0 }

/** Puts the registry's numbers into an event that was encoded without them, or with others. */
export function completeValue(pending: Pending): void {
  const { registered } = pending.route
  if (!registered || registered === pending.numbers) return
  pending.value = renumberEnvelope(pending.value, pending.numbers, registered)
  pending.numbers = registered
}
