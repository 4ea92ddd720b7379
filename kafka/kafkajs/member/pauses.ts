import type { Consumer } from 'kafkajs'
import type { Unserved } from '../../unserved.ts'

interface Source {
  readonly topic: string
  readonly partition: number
}

/** The partitions that a consumer does not fetch: those that were asked not to be, and those that cannot be read. */
export class Pauses {
  readonly #unserved: Pick<Unserved, 'leftOut' | 'leavesOut'>
  readonly #asked = new Map<string, Set<number>>()

  constructor(unserved: Pick<Unserved, 'leftOut' | 'leavesOut'>) {
    this.#unserved = unserved
  }

  add({ topic, partition }: Source): void {
    this.#asked.set(topic, (this.#asked.get(topic) ?? new Set()).add(partition))
  }

  remove({ topic, partition }: Source): void {
    this.#asked.get(topic)?.delete(partition)
  }

  has(source: Source): boolean {
    return this.#asked.get(source.topic)?.has(source.partition) === true || this.#unserved.leavesOut(source)
  }

  /** Makes it so in kafkajs, which keeps what was paused through rebalances. @throws while it is between two groups */
  apply(consumer: Pick<Consumer, 'paused' | 'pause' | 'resume'>): void {
    const over = consumer
      .paused()
      .flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition })))
      .filter(source => !this.has(source))
    if (over.length > 0) consumer.resume(over.map(inKafkajs))
    const asked = [...this.#asked].flatMap(([topic, partitions]) =>
      [...partitions].map(partition => ({ topic, partition }))
    )
    consumer.pause([...asked, ...this.#unserved.leftOut].map(inKafkajs))
  }
}

const inKafkajs = ({ topic, partition }: Source) => ({ topic, partitions: [partition] })
