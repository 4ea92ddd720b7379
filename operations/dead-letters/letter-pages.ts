import { type KafkaRecord, keyOf, type LogReader, type TopicPartition } from '../../kafka/index.ts'

/** Reads single records of a log; those that are near each other come with one fetch. */
export class LetterPages {
  readonly #reader: LogReader
  readonly #source: TopicPartition
  #page: ReadonlyMap<number, KafkaRecord> = new Map()

  constructor(reader: LogReader, topic: string) {
    this.#reader = reader
    this.#source = { topic, partition: 0 }
  }

  /**
   * The records at these offsets; one that is not in the log any more is left out.
   * @throws KafkaError
   */
  async read(offsets: readonly number[]): Promise<Map<number, KafkaRecord>> {
    const found = new Map<number, KafkaRecord>()
    for (const offset of offsets.toSorted((one, other) => one - other)) {
      if (!this.#page.has(offset)) await this.#fetch(offset)
      const record = this.#page.get(offset)
      if (record) found.set(offset, record)
    }
    return found
  }

  async #fetch(offset: number): Promise<void> {
    const page = await this.#reader.page(this.#source, offset)
    this.#page = new Map(page.records.map(record => [record.offset, record]))
  }
}

/** All records of a partition from an offset up to its end at the time of the call. */
export async function* recordsFrom(
  reader: LogReader,
  source: TopicPartition,
  from: number
): AsyncGenerator<KafkaRecord, void> {
  const [starts, ends] = await Promise.all([reader.offsetsAt([source], 'start'), reader.offsetsAt([source], 'end')])
  const end = ends.get(keyOf(source)) ?? 0
  for (let next = Math.max(from, starts.get(keyOf(source)) ?? 0); next < end; ) {
    const page = await reader.page(source, next)
    for (const record of page.records) if (record.offset < end) yield record
    if (page.next === next) return
    next = page.next
  }
}
