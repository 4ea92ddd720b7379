import zlib from 'node:zlib'
import { type Inflated, inflated } from './inflated.ts'
import { type Content, Pieces } from './output.ts'

/** The lowest four bits of a skippable frame's magic number are its own. */
const skippable = 0x184d2a50
const skippableHead = 8

/**
 * Reads all zstd frames that follow each other, and passes over skippable ones (RFC 8878), as Kafka's own reader
 * does. Node reads the first one alone, and drops the rest without an error.
 * @throws ContentTooLarge, TooManyPieces; Error when the bytes are no zstd, or are cut short
 */
export function decompressZstd(bytes: Buffer, maxBytes: number): Content {
  const frames = new Pieces(maxBytes)
  let at = 0
  do {
    const skipped = skippableLength(bytes, at)
    if (skipped > 0) {
      at += skipped
      continue
    }
    const { buffer, engine } = inflated(
      // `info` is not in the types.
      options => zlib.zstdDecompressSync(bytes.subarray(at), options as zlib.ZstdOptions) as unknown as Inflated,
      frames.length,
      maxBytes
    )
    if (engine.bytesWritten === 0) throw new Error('a zstd frame is empty')
    frames.add(buffer)
    at += engine.bytesWritten
  } while (at < bytes.length)
  return frames.done()
}

/** How many bytes a skippable frame takes that begins there; 0 where none does. */
function skippableLength(bytes: Buffer, at: number): number {
  if (at + skippableHead > bytes.length || (bytes.readUInt32LE(at) & 0xfffffff0) >>> 0 !== skippable) return 0
  const length = skippableHead + bytes.readUInt32LE(at + 4)
  if (at + length > bytes.length) throw new Error('a zstd frame is cut short')
  return length
}
