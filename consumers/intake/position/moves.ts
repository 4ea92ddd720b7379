import { type Logger, pause, safeError } from '../../../core/index.ts'
import type { AdminLine, TopicPartition } from '../../../kafka/index.ts'
import {
  type AssignedPartition,
  type CurrentAssignment,
  type OffsetCommits,
  rewindMark,
  rewindOf
} from '../../progress/index.ts'
import type { Gate } from '../gate.ts'
import type { Placement } from './placement.ts'

export interface MovesOptions {
  readonly line: AdminLine
  readonly assignment: CurrentAssignment
  readonly commits: OffsetCommits
  readonly placement: Pick<Placement, 'settled'>
  readonly gate: Gate
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

const againMs = 500

/**
 * Changes where the group is in a partition. The new position is committed before anything is read from it, so that it
 * holds whatever dies: an order that is noted with it is carried out once.
 */
export class Moves {
  readonly #options: MovesOptions
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: MovesOptions) {
    this.#options = options
  }

  /**
   * Reads on at `offset`, at most at the ends of the log. What runs ends; its outcome counts no more.
   * @param order is noted with the position. One that is noted already is not carried out again
   * @returns false where the partition is not this member's, or another generation of the group began meanwhile
   * @throws KafkaError where Kafka does not say where the log begins and ends
   */
  move(place: TopicPartition, offset: number, order?: string): Promise<boolean> {
    const moved = this.#last.then(() => this.#move(place, offset, order))
    this.#last = moved.catch(() => undefined)
    return moved
  }

  async #move(place: TopicPartition, wanted: number, order: string | undefined): Promise<boolean> {
    const { assignment, placement, gate } = this.#options
    await placement.settled
    const offset = await this.#withinLog(place, wanted)
    const old = assignment.get(place.topic, place.partition)
    if (old?.mark === undefined) return false
    if (order !== undefined && rewindOf(old.mark) === order) return true
    const mark = order === undefined ? old.mark : rewindMark(order)
    const fresh = assignment.renew(old)
    gate.replace(old, fresh)
    fresh.mark = undefined
    gate.stop(fresh, 'moving')
    try {
      if (!(await this.#commit(fresh, offset, mark))) return false
      fresh.mark = mark
      fresh.committed = offset
      if (assignment.has(fresh)) gate.seek(fresh, offset)
      return true
    } finally {
      gate.lift(fresh, 'moving')
    }
  }

  async #withinLog({ topic, partition }: TopicPartition, offset: number): Promise<number> {
    const ranges = await this.#options.line.ask(admin => admin.ranges(topic))
    const range = ranges.find(each => each.partition === partition)
    return range ? Math.min(Math.max(offset, range.start), range.end) : offset
  }

  /** Tries until it is committed; false once that is another generation's to decide. */
  async #commit({ topic, partition }: AssignedPartition, offset: number, mark: string): Promise<boolean> {
    const { assignment, commits, stopping, log } = this.#options
    const { generation } = assignment
    for (;;) {
      try {
        await commits.set([{ topic, partition, offset, ...(mark && { metadata: mark }) }])
        return true
      } catch (error) {
        if (generation !== assignment.generation) return false
        log.debug({ topic, partition, err: safeError(error) }, 'a position was not committed; it is tried again')
        if (!(await pause(againMs, stopping))) return false
      }
    }
  }
}
