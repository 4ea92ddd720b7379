import { aggregateOf, parkedRow, parkedRowSupersedes, redriveRow } from '../../../consumers/index.ts'
import { silentLogger } from '../../../core/index.ts'
import { type KafkaClient, TopicTable } from '../../../kafka/index.ts'
import { aggregateDigest } from '../letter.ts'
import type { ParkedAggregate } from './rounds.ts'

/** Reads what a group has parked. */
export class ParkedTable {
  readonly #table: TopicTable

  private constructor(table: TopicTable) {
    this.#table = table
  }

  /** @returns undefined where the topic is missing, or Kafka does not let this client read it */
  static async open(client: KafkaClient, topic: string): Promise<ParkedTable | undefined> {
    const table = new TopicTable({ client, topic, log: silentLogger, supersedes: parkedRowSupersedes })
    if ((await table.ready) === 'read') return new ParkedTable(table)
    await table.close()
    return undefined
  }

  /** All aggregates that are parked now, by {@link aggregateOf}. @throws KafkaError */
  async read(): Promise<ReadonlyMap<string, ParkedAggregate>> {
    await this.#table.refresh()
    const parked = new Map<string, ParkedAggregate>()
    for (const [name, value] of this.#table.entries()) {
      const row = name.startsWith('parked/') ? parkedRow(value) : undefined
      if (!row) continue
      const { topic, partition } = row
      const aggregate = aggregateDigest(Buffer.from(row.key, 'base64')).toString('hex')
      const redrive = redriveRow(this.#table.get(name.replace('parked/', 'redrive/')))
      parked.set(aggregateOf({ source: { topic, partition, offset: 0 }, aggregate }), { row, redrive })
    }
    return parked
  }

  close(): Promise<void> {
    return this.#table.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
