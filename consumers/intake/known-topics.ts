import type { Logger } from '../../core/index.ts'
import type { TopicLook } from '../../kafka/index.ts'
import type { Routes } from '../dead-letters/index.ts'

/**
 * Which topics of events of a group Kafka has, as far as it was looked; says once of each that it is not there. A group
 * works without its redrive topic.
 */
export class KnownTopics {
  readonly #log: Logger
  /** Topics that were not in Kafka at one look and are at a later one. */
  readonly appeared: Set<string>
  readonly #routes: Pick<Routes, 'events'>
  #look: TopicLook | undefined

  constructor(log: Logger, routes: Pick<Routes, 'events' | 'redrive'>) {
    this.#log = log
    this.#routes = routes
    // Whatever is in there was sent to this group.
    this.appeared = new Set([routes.redrive])
  }

  /** Topics that are not in Kafka, or that Kafka hides. */
  get missing(): readonly string[] {
    return this.#look ? [...this.#look.missing, ...this.#look.hidden] : []
  }

  /** Topics that Kafka hides. */
  get hidden(): readonly string[] {
    return this.#look?.hidden ?? []
  }

  /** Whether the topics were looked up, and none is there. */
  get isNone(): boolean {
    return this.#look !== undefined && this.#look.existing.length === 0
  }

  looked({ existing, missing, hidden, ids }: TopicLook): void {
    const ofEvents = (topics: readonly string[]) => topics.filter(topic => this.#routes.events.has(topic))
    this.#take({ existing: ofEvents(existing), missing: ofEvents(missing), hidden: ofEvents(hidden), ids })
  }

  #take(look: TopicLook): void {
    const reported = new Set(this.missing)
    for (const topic of this.#look?.missing ?? []) if (look.existing.includes(topic)) this.appeared.add(topic)
    this.#look = look
    const [missing, hidden] = [look.missing, look.hidden].map(topics => topics.filter(topic => !reported.has(topic)))
    if (missing?.length)
      this.#log.warn({ topics: missing }, 'topics of this group are not in Kafka: they are read once they are')
    if (hidden?.length)
      this.#log.error(
        { topics: hidden },
        'Kafka does not let this group see topics that it is to read: grant it READ on them'
      )
  }
}
