import type { Logger } from '../../core/index.ts'
import { safeError } from '../../core/index.ts'
import type { GroupConsumer } from '../../kafka/index.ts'
import { keyOf } from '../../kafka/index.ts'
import type { Chunk } from '../../trail/index.ts'

/** Kafka's own offsets are a hint: for its lag tools, and so that a restart begins near the right place. */
export class OffsetHints {
  readonly #consumer: () => Pick<GroupConsumer, 'commit'>
  readonly #log: Logger
  readonly #hints = new Map<string, { topic: string; partition: number; offset: number }>()

  constructor(consumer: () => Pick<GroupConsumer, 'commit'>, log: Logger) {
    this.#consumer = consumer
    this.#log = log
  }

  stored(chunks: readonly Chunk[]): void {
    for (const { topic, partition, last } of chunks)
      this.#hints.set(keyOf({ topic, partition }), { topic, partition, offset: last + 1 })
  }

  async commit(): Promise<void> {
    const hints = [...this.#hints.values()]
    this.#hints.clear()
    await this.#consumer()
      .commit(hints)
      .catch(error => this.#log.debug({ err: safeError(error) }, 'offsets were not committed to Kafka'))
  }
}
