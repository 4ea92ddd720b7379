import { KafkaError, type LogReader } from '../../../kafka/index.ts'
import { leafLetters } from '../../../proof/index.ts'
import { encodeAgain, type SchemaBook } from '../../../trail/index.ts'
import type { ChangedStretch } from '../account/index.ts'

/** Kafka, and the schemas to read its records with. */
export interface RecordSource {
  readonly reader: LogReader
  readonly book: SchemaBook
}

/**
 * Compares the rows of a stretch with their records.
 * @returns the offsets of rows that differ, and of how many rows Kafka has the records; undefined where it has none of the
 *   log any more
 * @throws KafkaError, RegistryError
 */
export async function compareWithRecords(
  { reader, book }: RecordSource,
  { topic, partition, eventName, first, last, rows }: ChangedStretch
): Promise<{ readonly differ: readonly number[]; readonly compared: number } | undefined> {
  const leaves = new Map(rows.map(({ offset, leaf }) => [offset, leaf]))
  const differ: number[] = []
  let compared = 0
  try {
    for (let offset = Math.max(first, await startOf(reader, { topic, partition })); offset <= last; ) {
      const page = await reader.page({ topic, partition }, offset)
      for (const record of page.records) {
        const leaf = leaves.get(record.offset)
        if (leaf === undefined || record.offset > last) continue
        const encoded = await encodeAgain(book, { ...record, topic, partition }, eventName)
        compared += 1
        const isSame =
          'row' in encoded &&
          leafLetters(encoded.row.buffer.bytes.subarray(encoded.row.start, encoded.row.end)) === leaf
        if (!isSame) differ.push(record.offset)
      }
      if (page.next <= offset) break
      offset = page.next
    }
  } catch (error) {
    if (error instanceof KafkaError && (error.code === 'TOPIC_UNKNOWN' || error.code === 'OFFSET_OUT_OF_RANGE'))
      return undefined
    throw error
  }
  return compared === 0 ? undefined : { differ, compared }
}

const startOf = async (reader: LogReader, source: { readonly topic: string; readonly partition: number }) =>
  [...(await reader.offsetsAt([source], 'start')).values()][0] ?? 0
