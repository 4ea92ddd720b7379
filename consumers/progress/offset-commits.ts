import { type Logger, safeError } from '../../core/index.ts'
import { type CommittedOffset, type GroupConsumer, KafkaError, type TopicPartition } from '../../kafka/index.ts'
import type { CurrentAssignment } from './assignment.ts'

/** Commits what is finished, one commit after the other. */
export class OffsetCommits {
  readonly #consumer: Pick<GroupConsumer, 'commit'>
  readonly #assignment: CurrentAssignment
  readonly #log: Logger
  #last: Promise<unknown> = Promise.resolve()

  constructor(consumer: Pick<GroupConsumer, 'commit'>, assignment: CurrentAssignment, log: Logger) {
    this.#consumer = consumer
    this.#assignment = assignment
    this.#log = log
  }

  /** Commits what is finished with everything before it; what fails is committed by the next call. */
  commit(): Promise<void> {
    return this.#next(() => this.#commitNow())
  }

  /**
   * Sets positions, once every commit before it has ended.
   * @throws KafkaError where Kafka did not confirm that, or this member has joined again meanwhile
   */
  set(positions: readonly (TopicPartition & CommittedOffset)[]): Promise<void> {
    const { generation } = this.#assignment
    return this.#next(async () => {
      if (generation !== this.#assignment.generation) {
        throw new KafkaError('KAFKA_UNAVAILABLE', 'setting positions: the group has another generation now')
      }
      await this.#consumer.commit(positions)
    })
  }

  #next(commit: () => Promise<void>): Promise<void> {
    const done = this.#last.then(commit)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #commitNow(): Promise<void> {
    const { generation } = this.#assignment
    const commits = this.#assignment.uncommitted()
    try {
      await this.#consumer.commit(
        commits.map(({ source: { topic, partition, mark }, offset }) => ({
          topic,
          partition,
          offset,
          ...(mark && { metadata: mark })
        }))
      )
    } catch (error) {
      this.#log.debug({ err: safeError(error) }, 'offsets were not committed; the next commit tries again')
      return
    }
    if (generation !== this.#assignment.generation) return
    for (const { source, offset } of commits) {
      source.committed = offset
      source.tracker.committed(offset)
    }
  }
}

const rewinds = 'rewind:'

/** What is committed with a position that an order has set, and with all that follow: the order is then carried out once. */
export const rewindMark = (order: string): string => rewinds + order

/** The order that last moved a position, by what was committed with it. */
export const rewindOf = (mark: string | undefined): string | undefined =>
  mark?.startsWith(rewinds) ? mark.slice(rewinds.length) : undefined
