import { type Logger, safeError } from '../../core/index.ts'
import type { TopicLook, TopicPartition } from '../../kafka/index.ts'
import type { CurrentAssignment, OffsetCommits } from '../progress/index.ts'
import type { Gate } from './gate.ts'
import type { LogChanges } from './log-changes.ts'

export interface LogRestartsOptions {
  readonly assignment: CurrentAssignment
  readonly changes: LogChanges
  readonly commits: OffsetCommits
  readonly gate: Gate
  readonly log: Logger
}

/** Reads logs from their start that do not have the position of the group, or are other logs than before. */
export class LogRestarts {
  readonly #options: LogRestartsOptions

  constructor(options: LogRestartsOptions) {
    this.#options = options
  }

  /** The log does not have the offset that is next: Kafka's client reads it from its start. */
  outOfRange(source: TopicPartition): Promise<void> {
    const { assignment, changes } = this.#options
    const { generation } = assignment
    const assigned = assignment.get(source.topic, source.partition)
    // It is read from the start of the log, wherever that is.
    if (assigned) assigned.fetchFrom = undefined
    return changes.outOfRange(source, assigned?.tracker.next, () => generation === assignment.generation)
  }

  /**
   * A topic that was deleted and made again is another log: where it has grown past the position by now, the fetches
   * would continue in it as if nothing had happened, and what is before would reach no handler.
   */
  looked({ ids }: TopicLook): void {
    const { assignment, changes, commits, gate, log } = this.#options
    const replaced = changes.replaced(ids)
    if (replaced.length === 0) return
    const sources = assignment.all.filter(({ topic }) => replaced.includes(topic))
    for (const source of sources) {
      const fresh = assignment.renew(source)
      gate.replace(source, fresh)
      gate.seek(fresh, 0)
    }
    // What was committed meanwhile counts offsets of the old log.
    void commits
      .set(sources.map(({ topic, partition }) => ({ topic, partition, offset: 0 })))
      .catch(error => log.debug({ err: safeError(error) }, 'the starts of topics were not committed'))
  }
}
