import { onAbort } from '../../core/index.ts'
import { OffsetTracker } from './offset-tracker.ts'
import { RunningOffsets } from './running-offsets.ts'

/**
 * Why nothing of a partition is fetched: `full`: too much of it, or of all together, is unfinished; `asked`: someone
 * asked for it; `breaker`: most of the topic's messages fail; `moving`: the group's position in it is being changed or
 * not known yet.
 */
export type Hold = 'full' | 'asked' | 'breaker' | 'moving'

/**
 * A partition that this member reads.
 *
 * going ⇄ (stop, go) stopped: what runs ends, no attempt begins; from both → (lose) → lost: nothing of it is committed
 */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  readonly tracker = new OffsetTracker()
  /** Offsets whose message was started and has not ended. */
  readonly running = new RunningOffsets()
  /** What this member last committed to Kafka since it joined. */
  committed: number | undefined
  /**
   * What the group has noted with its position, and is to note with every further one (`rewindMark`); '' when there
   * is nothing. Undefined while it is not known: nothing is committed then.
   */
  mark: string | undefined
  /** The offset that the next fetch must be from, after a seek: what comes from elsewhere was fetched before it. */
  fetchFrom: number | undefined
  readonly holds = new Set<Hold>()
  readonly #stopping: AbortSignal
  #isLost = false
  #isStopped = false
  // Not `AbortSignal.any`: every look at its `aborted` asks all of its sources, and each message looks.
  #end = new AbortController()
  #forgetStopping: () => void

  constructor(topic: string, partition: number, stopping: AbortSignal) {
    this.topic = topic
    this.partition = partition
    this.#stopping = stopping
    this.#forgetStopping = this.#endWithTheGroup()
  }

  /** Aborts when no new attempt of the messages that are started now shall begin: it is stopped or lost, or the group stops. */
  get ended(): AbortSignal {
    return this.#end.signal
  }

  get isLost(): boolean {
    return this.#isLost
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Whether nothing is fetched. */
  get paused(): boolean {
    return this.holds.size > 0
  }

  /** No attempt of its messages begins until it is to {@link go}. */
  stop(): void {
    this.#isStopped = true
    this.#end.abort()
  }

  go(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#forgetStopping()
    this.#end = new AbortController()
    if (this.#isLost) this.#end.abort()
    this.#forgetStopping = this.#endWithTheGroup()
  }

  /** The partition, or the log that it was, is no longer this member's. */
  lose(): void {
    this.#isLost = true
    this.#end.abort()
    this.#forgetStopping()
  }

  /** After a join that kept the partition: Kafka delivers again from what is committed. */
  rejoin(): void {
    this.committed = undefined
    this.fetchFrom = undefined
    this.tracker.rewind(offset => this.running.has(offset))
  }

  #endWithTheGroup(): () => void {
    const end = this.#end
    return onAbort(this.#stopping, () => end.abort())
  }
}
