import type { GroupConsumer } from '../../kafka/index.ts'
import type { AssignedPartition, Hold } from '../progress/index.ts'

export interface GateOptions {
  readonly consumer: Pick<GroupConsumer, 'pause' | 'resume' | 'seek'>
  /** Forgets those messages of the partition that were not started. */
  readonly forget: (source: AssignedPartition) => void
  /** A partition is no longer held for one of the reasons. */
  readonly onLifted: (source: AssignedPartition) => void
}

/**
 * Whether partitions are fetched, and whether their messages may begin. A partition is held for any number of reasons,
 * and continues when the last one is lifted.
 */
export class Gate {
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Nothing more of the partition is fetched; what was fetched continues. */
  hold(source: AssignedPartition, why: Hold): void {
    const { topic, partition, holds, isLost } = source
    if (isLost || holds.has(why)) return
    holds.add(why)
    if (holds.size === 1) this.#options.consumer.pause(topic, partition)
  }

  /** The same, and what was fetched and not started is forgotten. What runs ends, and begins no further attempt. */
  stop(source: AssignedPartition, why: Exclude<Hold, 'full'>): void {
    this.hold(source, why)
    source.stop()
    this.#options.forget(source)
  }

  /** One of the reasons is gone. */
  lift(source: AssignedPartition, why: Hold): void {
    const { topic, partition, holds, isLost } = source
    if (!holds.delete(why) || isLost) return
    if (source.isStopped && [...holds].every(each => each === 'full')) {
      source.go()
      this.reread(source)
    }
    if (holds.size === 0) this.#options.consumer.resume(topic, partition)
    this.#options.onLifted(source)
  }

  /** The partition is not this member's any more: the next time that it is, nothing holds it. */
  forget(source: AssignedPartition): void {
    if (source.paused) this.#options.consumer.resume(source.topic, source.partition)
    source.holds.clear()
  }

  /** Its position is changed: what was fetched is forgotten, and what it was held for holds the other one. */
  replace(old: AssignedPartition, fresh: AssignedPartition): void {
    const { consumer, forget } = this.#options
    forget(old)
    for (const why of old.holds) if (why !== 'full') fresh.holds.add(why)
    if (old.isStopped) fresh.stop()
    if (old.paused && !fresh.paused) consumer.resume(old.topic, old.partition)
    old.holds.clear()
  }

  /** Fetches again from the first message that was neither started nor finished. */
  reread(source: AssignedPartition): void {
    this.#options.forget(source)
    const offset = source.tracker.forget(each => source.running.has(each))
    if (offset !== undefined) this.seek(source, offset)
  }

  /** The next message that is taken is the one at `offset`, or the first one after it. */
  seek(source: AssignedPartition, offset: number): void {
    source.fetchFrom = offset
    this.#options.consumer.seek(source.topic, source.partition, offset)
  }
}
