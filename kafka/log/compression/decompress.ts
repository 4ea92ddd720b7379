import { decompressGzip } from './gzip.ts'
import { decompressLz4 } from './lz4.ts'
import type { Content } from './output.ts'
import { decompressSnappy } from './snappy.ts'
import { decompressZstd } from './zstd.ts'

// By the number that a record batch has in its attributes ("Record Batch" in Kafka's documentation).
const codecs: Readonly<Record<number, (bytes: Buffer, maxBytes: number) => Content>> = {
  1: decompressGzip,
  2: (bytes, maxBytes) => ({ bytes: decompressSnappy(bytes, maxBytes), pieces: 1 }),
  3: (bytes, maxBytes) => ({ bytes: decompressLz4(bytes, maxBytes), pieces: 1 }),
  4: decompressZstd
}

/**
 * Decompresses the records of a batch.
 * @param codec the lowest three bits of its attributes, not 0
 * @throws ContentTooLarge when they are more than `maxBytes`; TooManyPieces; Error when they cannot be read, or the codec is none of
 *   Kafka's
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Content {
  const read = codecs[codec]
  if (!read) throw new Error(`it is compressed in a way that Kafka does not know: ${codec}`)
  return read(bytes, maxBytes)
}
