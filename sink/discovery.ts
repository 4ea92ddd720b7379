import type pg from 'pg'
import { mapConcurrently } from '../core/concurrency.ts'
import { eventNameOf, type RegisteredSchema, type Registry, RegistryError } from '../schemas/index.ts'

export interface DiscoveryOptions {
  readonly registry: Registry
  readonly pool: pg.Pool
  readonly topicPrefix: string
  /** Only these event names. Default: every event that the registry knows. */
  readonly eventNames?: readonly string[] | undefined
  /** What was heard of a subject on the way: its latest schema. */
  readonly onSchema?: (subject: string, eventName: string, schema: RegisteredSchema) => void
}

const otherForMs = 30_000
const lookUpsAtOnce = 8

/**
 * Says which topics are ours: what is an event is the registry's word, so that an event name nobody told the sink
 * about is in the trail from its first event. A topic is ours only when its name is the prefix and the event name in
 * its schema's namespace.
 */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #eventNames = new Map<string, string>()
  // Subjects that are none of ours, with the time at which they are looked at again: one may become an envelope.
  readonly #others = new Map<string, number>()

  constructor(options: DiscoveryOptions) {
    this.#options = options
    for (const name of options.eventNames ?? []) this.#eventNames.set(options.topicPrefix + name, name)
  }

  /** The event name of a topic that {@link topics} returned. */
  eventNameOf(topic: string): string | undefined {
    return this.#eventNames.get(topic)
  }

  /** All topics that are ours, whether they exist in Kafka or not. @throws RegistryError when nothing is known at all */
  async topics(): Promise<string[]> {
    if (this.#options.eventNames) return [...this.#eventNames.keys()]
    try {
      await this.#askRegistry()
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.retryable) throw error
      await this.#askTrail()
      if (this.#eventNames.size === 0) throw error
    }
    return [...this.#eventNames.keys()]
  }

  async #askRegistry(): Promise<void> {
    const { registry, topicPrefix } = this.#options
    const fresh = (await registry.subjects()).names.flatMap(subject => {
      const topic = subject.endsWith('-value') ? subject.slice(0, -'-value'.length) : undefined
      if (!topic?.startsWith(topicPrefix) || this.#eventNames.has(topic)) return []
      return (this.#others.get(subject) ?? 0) > performance.now() ? [] : [{ subject, topic }]
    })
    await mapConcurrently(fresh, lookUpsAtOnce, async ({ subject, topic }) => {
      const latest = await this.#latest(subject)
      const name = latest && eventNameOf(latest.schema)
      if (latest && name !== undefined && topic === topicPrefix + name) {
        this.#eventNames.set(topic, name)
        this.#options.onSchema?.(subject, name, latest)
      } else this.#others.set(subject, performance.now() + otherForMs)
    })
  }

  async #latest(subject: string): Promise<RegisteredSchema | undefined> {
    try {
      return await this.#options.registry.latest(subject)
    } catch (error) {
      if (error instanceof RegistryError && error.retryable) throw error
      return undefined
    }
  }

  // The registry is out of reach: what the trail has met before goes on.
  async #askTrail(): Promise<void> {
    const { pool, topicPrefix } = this.#options
    const { rows } = await pool.query<{ subject: string }>('SELECT DISTINCT subject FROM sink_schemas')
    for (const { subject } of rows) {
      const topic = subject.slice(0, -'-value'.length)
      if (topic.startsWith(topicPrefix)) this.#eventNames.set(topic, topic.slice(topicPrefix.length))
    }
  }
}
