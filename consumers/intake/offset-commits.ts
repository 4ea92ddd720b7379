import { type Logger, safeError } from '../../core/index.ts'
import type { GroupConsumer } from '../../kafka/index.ts'
import type { CurrentAssignment } from '../progress/index.ts'

/** Commits what is finished, one commit after the other. */
export class OffsetCommits {
  readonly #consumer: Pick<GroupConsumer, 'commit'>
  readonly #assignment: CurrentAssignment
  readonly #log: Logger
  #last: Promise<void> = Promise.resolve()

  constructor(consumer: Pick<GroupConsumer, 'commit'>, assignment: CurrentAssignment, log: Logger) {
    this.#consumer = consumer
    this.#assignment = assignment
    this.#log = log
  }

  /** Commits what is finished with everything before it; what fails is committed by the next call. */
  commit(): Promise<void> {
    this.#last = this.#last.then(() => this.#commitNow())
    return this.#last
  }

  async #commitNow(): Promise<void> {
    const { generation } = this.#assignment
    const commits = this.#assignment.uncommitted()
    try {
      await this.#consumer.commit(
        commits.map(({ source: { topic, partition }, offset }) => ({ topic, partition, offset }))
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
