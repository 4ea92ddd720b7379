import type { Logger } from '../core/index.ts'
import type { PartitionTrouble } from './types/index.ts'
import { keyOf, type TopicPartition } from './types/index.ts'

export interface UnservedOptions {
  /** Which partitions are left out has changed. */
  readonly onChange: () => void
  /** ms after which a partition is asked for again. Default 5,000. */
  readonly againMs?: number
  readonly log: Logger
}

/** One reason in words for each topic and fault, for the health of a member. */
export function troublesInWords(troubles: readonly PartitionTrouble[]): string[] {
  return [...new Set(troubles.map(({ topic, reason }) => `topic ${topic} cannot be read: ${reason}`))]
}

/**
 * The partitions of a consumer that cannot be read. Each is left out of the fetches, so that the others continue, and
 * asked for again every few seconds until it can be read.
 */
export class Unserved {
  readonly #options: UnservedOptions
  readonly #troubles = new Map<string, PartitionTrouble>()
  readonly #waiting = new Map<string, NodeJS.Timeout>()

  constructor(options: UnservedOptions) {
    this.#options = options
  }

  get all(): readonly PartitionTrouble[] {
    return [...this.#troubles.values()]
  }

  get some(): boolean {
    return this.#troubles.size > 0
  }

  /** Whether the partition is not to be fetched now. */
  leavesOut(source: TopicPartition): boolean {
    return this.#waiting.has(keyOf(source))
  }

  /** Those that are not to be fetched now. */
  get leftOut(): readonly TopicPartition[] {
    return this.all.filter(trouble => this.leavesOut(trouble))
  }

  /** Nothing of the partition could be read. */
  add(trouble: PartitionTrouble): void {
    const { againMs = 5_000, log, onChange } = this.#options
    const key = keyOf(trouble)
    const { topic, partition, code, reason } = trouble
    if (this.#troubles.get(key)?.code !== code)
      log.error({ topic, partition, code }, `partition cannot be read, the others continue: ${reason}`)
    this.#troubles.set(key, trouble)
    clearTimeout(this.#waiting.get(key))
    const again = setTimeout(() => {
      this.#waiting.delete(key)
      onChange()
    }, againMs)
    this.#waiting.set(key, again.unref())
    onChange()
  }

  /** The partition could be read. */
  remove(source: TopicPartition): void {
    const { topic, partition } = source
    if (!this.#troubles.delete(keyOf(source))) return
    this.#options.log.info({ topic, partition }, 'partition can be read again')
    this.#forget(keyOf(source))
  }

  /** Forgets all partitions that are no longer ours. */
  keep(ours: (source: TopicPartition) => boolean): void {
    for (const [key, trouble] of this.#troubles) {
      if (ours(trouble)) continue
      this.#troubles.delete(key)
      this.#forget(key)
    }
  }

  stop(): void {
    this.keep(() => false)
  }

  #forget(key: string): void {
    clearTimeout(this.#waiting.get(key))
    this.#waiting.delete(key)
  }
}
