import { backoffMs, type Logger, pause, safeError } from '../../../core/index.ts'
import type { AdminLine, CommittedOffset, GroupConsumer, LogEnds, TopicPartition } from '../../../kafka/index.ts'
import type { AssignedPartition, CurrentAssignment, OffsetCommits } from '../../progress/index.ts'
import { rewindOf } from '../../progress/index.ts'
import type { StartFrom } from '../../types.ts'
import type { Gate } from '../gate.ts'
import type { KnownTopics } from '../known-topics.ts'
import { startPoints } from './start-points.ts'

export interface PlacementOptions {
  readonly line: AdminLine
  readonly consumer: Pick<GroupConsumer, 'topics'>
  readonly assignment: CurrentAssignment
  readonly commits: OffsetCommits
  readonly gate: Gate
  readonly known: Pick<KnownTopics, 'appeared'>
  readonly groupId: string
  /** Where a group begins that has committed nothing. */
  readonly startFrom: StartFrom
  /** The first offsets that are as new as a date, by `keyOf`. */
  readonly offsetsAt: (sources: readonly TopicPartition[], date: Date) => Promise<ReadonlyMap<string, number>>
  /** It is known of all partitions of this member where the group is. */
  readonly onPlaced: () => void
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

type Commits = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

const lookAgainMs = 200
/** ms for which a member waits for the leader of its group: one of an older version, or with other options, does not act. */
const leaderPatienceMs = 10_000

/**
 * Learns after each join where the group is in the partitions that are new to this member, and what is noted there. For a
 * group that has committed nothing yet the leader sets all positions, in one request: they hold for members that come later,
 * and for partitions that come later there is a beginning.
 */
export class Placement {
  readonly #options: PlacementOptions
  #settled: Promise<void> = Promise.resolve()

  constructor(options: PlacementOptions) {
    this.#options = options
  }

  /** Resolves when it is known, or is looked up for a later join. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled
  }

  /** This member was given its partitions. */
  assigned(isLeader: boolean): void {
    const { assignment, gate, startFrom, onPlaced } = this.#options
    const { generation } = assignment
    // Kafka's client begins at the start of a log where nothing is committed: it needs no help for that.
    if (startFrom !== 'earliest') for (const source of this.#unplaced) gate.stop(source, 'moving')
    this.#settled = this.#place(generation, isLeader).then(() => {
      if (this.#isNow(generation)) onPlaced()
    })
  }

  get #unplaced(): readonly AssignedPartition[] {
    return this.#options.assignment.all.filter(({ mark }) => mark === undefined)
  }

  #isNow(generation: number): boolean {
    const { assignment, stopping } = this.#options
    return generation === assignment.generation && !stopping.aborted
  }

  async #place(generation: number, isLeader: boolean): Promise<void> {
    const { line, groupId, startFrom, stopping, log } = this.#options
    const since = performance.now()
    // Not `retry()`: to wait for the leader is no failure.
    for (let failures = 0; this.#isNow(generation) && this.#unplaced.length > 0; ) {
      try {
        const commits = await line.ask(admin => admin.groupCommits(groupId))
        if (!this.#isNow(generation)) return
        if (startFrom === 'earliest' || this.#hasBegun(commits)) return this.#settle(commits)
        const isPatient = performance.now() - since < leaderPatienceMs
        if (!isLeader && isPatient) await pause(lookAgainMs, stopping)
        else await this.#begin(generation, startFrom)
      } catch (error) {
        failures += 1
        log.debug({ err: safeError(error) }, 'the positions of the group are not known yet; it is tried again')
        await pause(backoffMs(failures, { initialMs: 200, maxMs: 5_000 }), stopping)
      }
    }
  }

  #hasBegun(commits: Commits): boolean {
    const { consumer } = this.#options
    return consumer.topics.some(topic => (commits.get(topic)?.size ?? 0) > 0)
  }

  async #begin(generation: number, startFrom: StartFrom): Promise<void> {
    const { line, consumer, commits, groupId, known, offsetsAt, log } = this.#options
    const logs: readonly LogEnds[] = await line.ask(admin => admin.logEnds([...consumer.topics]))
    const positions = await startPoints(startFrom, logs, { appeared: known.appeared, offsetsAt })
    // Asked after the ends: what was set meanwhile for an earlier generation holds. Set again to later ends, it would
    // leave out what was published in between.
    const current = await line.ask(admin => admin.groupCommits(groupId))
    if (!this.#isNow(generation) || this.#hasBegun(current)) return
    await commits.set(positions)
    log.info({ partitions: positions.length }, 'the group is new: its positions were set to `startFrom`')
  }

  #settle(commits: Commits): void {
    const { gate } = this.#options
    for (const source of this.#unplaced) {
      const commit = commits.get(source.topic)?.get(source.partition)
      // What others note is not carried on.
      source.mark = rewindOf(commit?.metadata) === undefined ? '' : commit?.metadata
      if (!source.holds.has('moving')) continue
      // Kafka's client may have looked before it was committed.
      if (commit) gate.seek(source, commit.offset)
      gate.lift(source, 'moving')
    }
  }
}
