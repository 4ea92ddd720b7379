import type { Logger } from '../../core/index.ts'
import { few } from '../../core/index.ts'
import type { TopicLook } from '../../kafka/index.ts'
import type { GaugeSample, LabelsOf } from '../../observability/index.ts'
import type { SinkMetrics } from '../metrics.ts'
import { type Discovery, maxEvents } from './discovery.ts'

export interface TopicReportOptions {
  readonly discovery: Pick<Discovery, 'discovered'>
  readonly topicPrefix: string
  readonly log: Logger
}

/** What keeps topics from being read: logged once, and reported by health and a metric for as long as it lasts. */
export class TopicReport {
  readonly #options: TopicReportOptions
  readonly #reported = new Map<string, ReadonlySet<string>>()
  #look: TopicLook | undefined

  constructor(options: TopicReportOptions) {
    this.#options = options
  }

  /** Topics were looked up: what is new of it goes into the log. */
  looked(look: TopicLook): void {
    this.#look = look
    const { discovery, log } = this.#options
    const { gone, almost, beyond, isWhole } = discovery.discovered
    const report = (level: 'warn' | 'error', message: string, topics: readonly string[], facts: object = {}) => {
      const reported = this.#reported.get(message)
      const fresh = topics.filter(topic => !reported?.has(topic))
      this.#reported.set(message, new Set(topics))
      if (fresh.length > 0) log[level]({ topics: fresh, ...facts }, message)
    }
    report('warn', 'events have no topic in Kafka yet: they are read once there is one', look.missing)
    report('error', 'Kafka does not let the sink see topics that it is to read: grant it READ on them', look.hidden)
    report('warn', 'topics that were read before have no subject in the registry any more: they are still read', gone)
    for (const [topic, words] of almost) report('warn', words, [topic])
    report('error', `there are more than ${maxEvents} events: the others are not read`, beyond > 0 ? ['others'] : [])
    report('error', 'the registry gives only the first of its subjects: others are not read', isWhole ? [] : ['others'])
    const nothing = this.#readsNothing
    report('warn', nothing ?? 'topics are read', nothing === undefined ? [] : ['none'])
  }

  /** Why the sink cannot do its work now, in words. */
  get reasons(): readonly string[] {
    if (!this.#look) return []
    const { beyond, isWhole } = this.#options.discovery.discovered
    const nothing = this.#readsNothing
    return [
      ...(this.#look.hidden.length > 0 ? [`Kafka does not let it see topics: ${few(this.#look.hidden)}`] : []),
      ...(beyond > 0 ? [`${beyond} events are not read: there are more than ${maxEvents}`] : []),
      ...(isWhole ? [] : ['the registry does not give all of its subjects']),
      ...(nothing === undefined ? [] : [nothing])
    ]
  }

  /** How many topics there are of each state. */
  readings(): GaugeSample<LabelsOf<SinkMetrics, 'eventtrail_sink_topics'>>[] {
    if (!this.#look) return []
    const { gone, almost, forgotten, beyond } = this.#options.discovery.discovered
    const counts = {
      read: this.#look.existing.length,
      missing: this.#look.missing.length,
      hidden: this.#look.hidden.length,
      unregistered: gone.length,
      almost: almost.size,
      forgotten: forgotten.length,
      beyond
    } as const
    return (Object.keys(counts) as (keyof typeof counts)[]).map(state => ({ value: counts[state], labels: { state } }))
  }

  get #readsNothing(): string | undefined {
    if (!this.#look || this.#look.existing.length > 0) return undefined
    const { missing, hidden } = this.#look
    if (missing.length + hidden.length > 0) return 'it reads nothing: none of its topics can be read in Kafka'
    const { topicPrefix } = this.#options
    return `it reads nothing: no event is registered${topicPrefix === '' ? '' : ` under the prefix ${topicPrefix}`}`
  }
}
