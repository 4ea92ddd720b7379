import type { Header } from '../../kafka/index.ts'
import type { RecordFault } from '../errors.ts'
import { CopyBuffer } from '../rows/index.ts'
import type { RowBytes } from '../types.ts'
import { PageEncoder, type RecordBytes, recordFaultOf } from './page-encoder.ts'
import type { SchemaBook } from './schema-book.ts'

/** A record that is kept somewhere, with the place in Kafka that it has or had. */
export interface KeptRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

/**
 * Encodes one record as a row of the trail, with the schemas that the registry has now; stores nothing.
 * @param eventName of its topic
 * @returns the row, or why it cannot be one
 */
export async function encodeAgain(
  book: SchemaBook,
  record: KeptRecord,
  eventName: string
): Promise<{ readonly row: RowBytes } | { readonly fault: RecordFault }> {
  const { topic, partition, offset, key, value, headers } = record
  const encoder = new PageEncoder(book, { topic, partition }, eventName)
  const buffer = new CopyBuffer()
  const bytes = {
    offset,
    bytes: value ?? Buffer.alloc(0),
    keyStart: key ? 0 : -1,
    valueStart: value ? 0 : -1,
    valueEnd: value?.length ?? -1
  }
  const tryEncoding = (): number | RecordFault | undefined => encodedOrFault(encoder, bytes, headers, buffer)
  let encoded = tryEncoding()
  if (typeof encoded === 'number') {
    await encoder.learn([encoded])
    encoded = tryEncoding()
  }
  if (typeof encoded === 'number') throw new TypeError('a schema was learnt and is not known')
  return encoded ? { fault: encoded } : { row: { buffer, start: 0, end: buffer.at } }
}

/** The schema that is needed first, or why the record is refused; undefined when its row is written. */
function encodedOrFault(
  encoder: PageEncoder,
  bytes: RecordBytes,
  headers: readonly Header[],
  buffer: CopyBuffer
): number | RecordFault | undefined {
  try {
    return encoder.encodeKept(bytes, headers, buffer)
  } catch (error) {
    return recordFaultOf(error)
  }
}
