import { within } from '../core/index.ts'
import { KafkaError } from './errors.ts'
import { heldBackWords } from './held-back.ts'
import type { AdminLine, KafkaAdmin } from './types/index.ts'

const hangUpMs = 2_000
const lookMs = 5_000

/**
 * Connects an admin when it is first asked, and again after a failure. An admin that has been asked before and says that
 * a topic is unknown is replaced, and the question repeated: kafkajs's fails at everything once a topic is gone that it
 * was asked about before.
 */
export class ReconnectingAdmin implements AdminLine {
  readonly #connect: () => Promise<KafkaAdmin>
  #admin: Promise<KafkaAdmin> | undefined
  #closed = false

  constructor(connect: () => Promise<KafkaAdmin>) {
    this.#connect = connect
  }

  async ask<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
    const isOld = this.#admin !== undefined
    try {
      return await this.#askOnce(question)
    } catch (error) {
      const unknown = error instanceof KafkaError && error.code === 'TOPIC_UNKNOWN'
      if (!isOld || !unknown || this.#closed) throw error
      return await this.#askOnce(question)
    }
  }

  async heldBackWords(topics: readonly string[]): Promise<string[]> {
    let words: string[] = []
    const looking = this.ask(async admin => {
      words = (await admin.heldBack(await admin.logEnds(topics))).map(heldBackWords)
    })
    await within(
      lookMs,
      looking.catch(() => undefined)
    )
    return words
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#hangUp()
  }

  async #askOnce<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaError('KAFKA_UNAVAILABLE', 'the connection was closed')
    this.#admin ??= this.#connect()
    const asked = this.#admin
    try {
      return await question(await asked)
    } catch (error) {
      if (this.#admin === asked) await this.#hangUp()
      throw error
    }
  }

  async #hangUp(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    // kafkajs waits for the answers that are owed, and a broker that hangs owes them until they time out.
    await within(hangUpMs, admin?.then(open => open.close()).catch(() => undefined) ?? Promise.resolve())
  }
}
