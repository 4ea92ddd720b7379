import type { FetchLimits } from '../../kafka/index.ts'
import type { AssignedPartition } from '../progress/index.ts'
import type { Gate } from './gate.ts'

const mebibyte = 1024 * 1024

/**
 * Bytes of one fetch: of what may be held no more than half, so that one fetch does not exceed it by much. More than 2 MiB
 * makes nothing faster, and is in memory until it grew old (decision 0070). kafkajs asks for partitions in an order that it
 * draws for each fetch: none has to wait for those before it.
 */
export const fetchLimitsOf = (maxBytesHeld: number): FetchLimits => {
  const maxBytes = Math.max(1, Math.min(2 * mebibyte, Math.floor(maxBytesHeld / 2)))
  return { maxBytesPerPartition: Math.min(mebibyte, maxBytes), maxBytes }
}

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
  readonly gate: Pick<Gate, 'hold' | 'lift'>
  /** Records of one partition. */
  readonly maxUncommitted: number
  /** Bytes of the messages that were fetched and have not ended. */
  readonly maxBytesHeld: number
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
}

/** Holds a partition while too much of it, or of all together, is unfinished, and lifts that when half of it is done. */
export class Backpressure {
  readonly held = new HeldBytes()
  readonly #options: BackpressureOptions

  constructor(options: BackpressureOptions) {
    this.#options = options
  }

  balance(source: AssignedPartition): void {
    const { gate, maxUncommitted, maxBytesHeld, stopping } = this.#options
    if (source.isLost || stopping.aborted) return
    const { tracker } = source
    const { bytes } = this.held
    if (tracker.size >= maxUncommitted || bytes >= maxBytesHeld) gate.hold(source, 'full')
    else if (tracker.size <= maxUncommitted / 2 && bytes <= maxBytesHeld / 2) gate.lift(source, 'full')
  }
}
