import type { Admin } from 'kafkajs'
import { retry } from '../../core/index.ts'
import { KafkaError, type KafkaErrorCode } from '../errors.ts'
import type { Right } from '../rights.ts'
import { toKafkaError } from './errors.ts'

const maxAgeMs = 5 * 60_000
// A topic that was just made is not known to every broker at once.
const newTopicPatienceMs = 1_000

interface Topic {
  /** The leader of each partition, by number. */
  readonly leaders: readonly number[]
  staleAt: number
}

/** What is known of topics: how many partitions they have and which brokers lead them. Asked for again after five minutes. */
export class TopicBook {
  readonly #admin: Admin
  readonly #rightOn: (topic: string) => Right
  readonly #topics = new Map<string, Topic>()
  readonly #lookUps = new Map<string, Promise<Topic>>()

  /** @param rightOn the right on a topic that its caller needs, and that a topic is hidden without */
  constructor(admin: Admin, rightOn: (topic: string) => Right) {
    this.#admin = admin
    this.#rightOn = rightOn
  }

  /** @throws KafkaError `TOPIC_UNKNOWN`, `KAFKA_UNAVAILABLE` (when it was never known), `NOT_AUTHORIZED` */
  async partitionsOf(name: string): Promise<number> {
    const known = this.#topics.get(name)
    if (known && !this.isStale(name)) return known.leaders.length
    try {
      return (await this.#once(name)).leaders.length
    } catch (error) {
      if (known && error instanceof KafkaError && error.retryable) return known.leaders.length
      throw error
    }
  }

  knownPartitions(name: string): number | undefined {
    return this.#topics.get(name)?.leaders.length
  }

  /** -1 when nothing is known of it. */
  leaderOf(name: string, partition: number): number {
    return this.#topics.get(name)?.leaders[partition] ?? -1
  }

  isStale(name: string): boolean {
    return performance.now() >= (this.#topics.get(name)?.staleAt ?? 0)
  }

  /** Something failed that may come of old knowledge. */
  doubt(names: Iterable<string>): void {
    for (const name of names) {
      const topic = this.#topics.get(name)
      if (topic) topic.staleAt = 0
    }
  }

  /** Asks for a topic. @throws KafkaError as `partitionsOf`, also when it was known before */
  async lookUp(name: string): Promise<void> {
    await this.#once(name)
  }

  async isGone(name: string): Promise<boolean> {
    return (await this.#faultOf(name)) === 'TOPIC_UNKNOWN'
  }

  /** Whether Kafka hides the topic now: without any right on it, it says no more of it. */
  async isHidden(name: string): Promise<boolean> {
    return (await this.#faultOf(name)) === 'NOT_AUTHORIZED'
  }

  async #faultOf(name: string): Promise<KafkaErrorCode | undefined> {
    try {
      await this.#once(name)
      return undefined
    } catch (error) {
      return error instanceof KafkaError ? error.code : undefined
    }
  }

  #once(name: string): Promise<Topic> {
    let lookUp = this.#lookUps.get(name)
    if (!lookUp) {
      lookUp = this.#ask(name).finally(() => this.#lookUps.delete(name))
      this.#lookUps.set(name, lookUp)
    }
    return lookUp
  }

  async #ask(name: string): Promise<Topic> {
    const look = async (): Promise<Topic> => {
      try {
        const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] })
        const leaders: number[] = []
        for (const { partitionId, leader } of topics[0]?.partitions ?? []) leaders[partitionId] = leader
        return { leaders, staleAt: performance.now() + maxAgeMs }
      } catch (error) {
        throw toKafkaError(error, `looking for topic ${name}`, [this.#rightOn(name)])
      }
    }
    try {
      const topic = await retry(look, { maxMs: 300, deadlineMs: newTopicPatienceMs, retryable: isUnknown })
      this.#topics.set(name, topic)
      return topic
    } catch (error) {
      if (!isUnknown(error)) throw error
      this.#topics.delete(name)
      throw new KafkaError('TOPIC_UNKNOWN', `Kafka has no topic ${name}`, error.cause)
    }
  }
}

const isUnknown = (error: unknown): error is KafkaError => error instanceof KafkaError && error.code === 'TOPIC_UNKNOWN'
