import { connectAdmin, type KafkaAdmin, type KafkaClient } from '../kafka/index.ts'

/** A connection for questions to the cluster that is opened when needed and anew after a failure. */
export class AdminLine {
  readonly #client: KafkaClient
  #admin: Promise<KafkaAdmin> | undefined

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /** @throws KafkaError */
  async ask<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
    this.#admin ??= connectAdmin(this.#client)
    const asked = this.#admin
    try {
      return await question(await asked)
    } catch (error) {
      if (this.#admin === asked) await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.then(open => open.close()).catch(() => undefined)
  }
}
