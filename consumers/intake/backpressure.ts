import type { GroupConsumer } from '../../kafka/index.ts'
import type { AssignedPartition } from '../progress/index.ts'

/** Bytes of one fetch. */
export const fetchLimits = { maxBytesPerPartition: 1024 * 1024, maxBytes: 16 * 1024 * 1024 }

/** Bytes of the messages that were fetched and wait in memory. */
const mostBytesHeld = 32 * 1024 * 1024

/** The bytes that some messages share: they stay in memory until the last of these messages has ended. */
export interface SharedBytes {
  readonly bytes: number
  messages: number
}

/** Counts the bytes of all messages that were fetched and have not ended. */
export class HeldBytes {
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** To be called before the messages are begun; each of them must be {@link release}d once. */
  hold(bytes: number, messages: number): SharedBytes {
    if (messages > 0) this.#bytes += bytes
    return { bytes, messages }
  }

  /** One of the messages has ended. @returns whether bytes became free by it */
  release(shared: SharedBytes): boolean {
    shared.messages -= 1
    if (shared.messages > 0) return false
    this.#bytes -= shared.bytes
    return true
  }
}

export interface BackpressureOptions {
  readonly consumer: Pick<GroupConsumer, 'pause' | 'resume'>
  /** Records of one partition. */
  readonly maxUncommitted: number
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
}

/** Pauses a partition while too much of it, or of all together, is unfinished, and resumes it when half of that is done. */
export class Backpressure {
  readonly held = new HeldBytes()
  readonly #options: BackpressureOptions

  constructor(options: BackpressureOptions) {
    this.#options = options
  }

  balance(source: AssignedPartition): void {
    const { consumer, maxUncommitted, stopping } = this.#options
    if (source.isLost || stopping.aborted) return
    const { topic, partition, tracker, paused } = source
    const { bytes } = this.held
    if (!paused && (tracker.size >= maxUncommitted || bytes >= mostBytesHeld)) {
      source.paused = true
      consumer.pause(topic, partition)
    } else if (tracker.size <= maxUncommitted / 2 && bytes <= mostBytesHeld / 2) this.resume(source)
  }

  resume(source: AssignedPartition): void {
    if (!source.paused) return
    source.paused = false
    this.#options.consumer.resume(source.topic, source.partition)
  }
}
