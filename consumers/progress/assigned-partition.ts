import { OffsetTracker } from './offset-tracker.ts'

/**
 * A partition that this member reads.
 *
 * held → (lose) → lost: what runs continues to its end, nothing of it is committed
 */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  readonly tracker = new OffsetTracker()
  /** Offsets whose message was started and has not ended. */
  readonly running = new Set<number>()
  /** Aborts when no new attempt of its messages shall begin: it is lost, or the group stops. */
  readonly ended: AbortSignal
  /** What this member last committed to Kafka since it joined. */
  committed: number | undefined
  /** Whether fetching is paused because too much is unfinished. */
  paused = false
  readonly #lost = new AbortController()

  constructor(topic: string, partition: number, stopping: AbortSignal) {
    this.topic = topic
    this.partition = partition
    this.ended = AbortSignal.any([stopping, this.#lost.signal])
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted
  }

  /** The partition, or the log that it was, is no longer this member's. */
  lose(): void {
    this.#lost.abort()
  }

  /** After a join that kept the partition: Kafka delivers again from what is committed. */
  rejoin(): void {
    this.committed = undefined
    this.tracker.rewind(offset => this.running.has(offset))
  }
}
