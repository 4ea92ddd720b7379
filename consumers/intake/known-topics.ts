import type { Logger } from '../../core/index.ts'
import type { TopicLook } from '../../kafka/index.ts'

/** Which topics of a group Kafka has, as far as it was looked; says once of each that it is not there. */
export class KnownTopics {
  readonly #log: Logger
  #look: TopicLook | undefined

  constructor(log: Logger) {
    this.#log = log
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

  looked(look: TopicLook): void {
    const reported = new Set(this.missing)
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
