import { connectAdmin, type KafkaAdmin, type KafkaClient, KafkaError, type PartitionRange } from '../kafka/index.ts'

/** Asks Kafka for the ranges of logs over one connection, which is made when needed and renewed after an error. */
export class LogRanges {
  readonly #client: KafkaClient
  #admin: Promise<KafkaAdmin> | undefined
  #closed = false

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /** @throws KafkaError */
  async of(topic: string): Promise<PartitionRange[]> {
    if (this.#closed) throw new KafkaError('KAFKA_UNREACHABLE', 'the connection was closed')
    this.#admin ??= connectAdmin(this.#client)
    const admin = this.#admin
    try {
      return await (await admin).ranges(topic)
    } catch (error) {
      if (this.#admin === admin) this.#admin = undefined
      await admin.then(each => each.close()).catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const admin = this.#admin
    this.#admin = undefined
    await admin?.then(each => each.close()).catch(() => undefined)
  }
}
