import { within } from '../core/index.ts'
import { KafkaError } from './errors.ts'
import { heldBackWords } from './held-back.ts'
import type { AdminLine, KafkaAdmin } from './types/index.ts'

const hangUpMs = 2_000
const lookMs = 5_000

/** One connection, and how many questions wait for its answers. */
interface Asked {
  readonly admin: Promise<KafkaAdmin>
  questions: number
  /** No question is added: the last answer closes it. */
  isRetired: boolean
}

/**
 * Connects an admin when it is first asked, and again after a failure. An admin that has been asked before and says that
 * a topic is unknown is replaced, and the question repeated: kafkajs's fails at everything once a topic is gone that it
 * was asked about before. Questions of other callers that wait for the one that is replaced get its answers.
 */
export class ReconnectingAdmin implements AdminLine {
  readonly #connect: () => Promise<KafkaAdmin>
  #asked: Asked | undefined
  #closed = false

  constructor(connect: () => Promise<KafkaAdmin>) {
    this.#connect = connect
  }

  async ask<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
    const isOld = this.#asked !== undefined
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
    const asked = this.#asked
    this.#asked = undefined
    if (asked) await hangUp(asked)
  }

  async #askOnce<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaError('KAFKA_UNAVAILABLE', 'the connection was closed')
    this.#asked ??= { admin: this.#connect(), questions: 0, isRetired: false }
    const asked = this.#asked
    asked.questions += 1
    try {
      return await question(await asked.admin)
    } catch (error) {
      asked.isRetired = true
      if (this.#asked === asked) this.#asked = undefined
      throw error
    } finally {
      asked.questions -= 1
      if (asked.isRetired && asked.questions === 0) await hangUp(asked)
    }
  }
}

/** kafkajs waits for the answers that are owed, and a broker that hangs owes them until they time out. */
async function hangUp({ admin }: Asked): Promise<void> {
  await within(
    hangUpMs,
    admin.then(open => open.close()).catch(() => undefined)
  )
}
