import type { Logger } from '../../core/index.ts'
import { safeError, within } from '../../core/index.ts'
import type { AdminLine } from '../../kafka/index.ts'
import type { TopicPartition } from '../telemetry.ts'

/** ms for which the fetches wait until it is known where the group was. */
const patienceMs = 500

export interface LogChangesOptions {
  readonly line: AdminLine
  readonly groupId: string
  /** So many offsets were removed from a log before the group had read them. */
  readonly onLost: (offsets: number) => void
  readonly log: Logger
}

/** Notices what happens to the logs of a group besides its own reading: records that are removed, topics that are made again. */
export class LogChanges {
  readonly #options: LogChangesOptions
  readonly #topicIds = new Map<string, string>()

  constructor(options: LogChangesOptions) {
    this.#options = options
  }

  /**
   * The log does not have the offset that is next, and is read from its start. What was removed before it was read is
   * lost to the handlers; kafkajs forgets where the group was, so it is asked for before that is reported. Never rejects.
   * @param next where this member was, if it has read the partition; else it is where the group has committed
   * @param isOurs whether the partition is still this member's: else the one that has it reports it
   */
  async outOfRange(source: TopicPartition, next: number | undefined, isOurs: () => boolean): Promise<void> {
    const { log } = this.#options
    const looked = this.#look(source, next, isOurs).catch(error =>
      log.error(
        { ...source, err: safeError(error) },
        'the log of a partition does not have the position of the group, and is read from its start'
      )
    )
    await within(patienceMs, looked)
  }

  /** Where the group has committed, as Kafka knows it. @throws KafkaError */
  async committedOffset({ topic, partition }: TopicPartition): Promise<number | undefined> {
    const { line, groupId } = this.#options
    const offsets = await line.ask(admin => admin.groupOffsets(groupId))
    return offsets.get(topic)?.get(partition)
  }

  /** Of the topics, with their ids as they are now, the ones that were deleted and made again since the look before. */
  replaced(ids: ReadonlyMap<string, string>): string[] {
    const replaced = [...ids].filter(([topic, id]) => (this.#topicIds.get(topic) ?? id) !== id).map(([topic]) => topic)
    for (const [topic, id] of ids) this.#topicIds.set(topic, id)
    if (replaced.length > 0)
      this.#options.log.warn({ topics: replaced }, 'topics were deleted and made again: they are read from their start')
    return replaced
  }

  async #look({ topic, partition }: TopicPartition, next: number | undefined, isOurs: () => boolean): Promise<void> {
    const { line, log, onLost } = this.#options
    const from = next ?? (await this.committedOffset({ topic, partition }))
    const range = (await line.ask(admin => admin.ranges(topic))).find(each => each.partition === partition)
    if (from === undefined || !range || !isOurs()) return
    if (range.start > from) {
      onLost(range.start - from)
      log.error(
        { topic, partition, from, to: range.start - 1 },
        'records were removed from the log before the group had read them: no handler gets them'
      )
    } else
      log.warn(
        { topic, partition, from, end: range.end },
        'the log of a partition ends before the position of the group: it is read again from its start'
      )
  }
}
