import zlib from 'node:zlib'
import { type Inflated, inflated } from './inflated.ts'

/**
 * Reads all zstd frames that lie one behind the other, and passes over skippable ones (RFC 8878), as Kafka's own reader
 * does. Node reads the first one alone, and drops the rest without an error.
 * @throws ContentTooLarge; Error when the bytes are no zstd, or are cut short
 */
export function decompressZstd(bytes: Buffer, maxBytes: number): Buffer {
  const frames: Buffer[] = []
  let length = 0
  let at = 0
  do {
    const { buffer, engine } = inflated(
      // `info` is not in the types.
      options => zlib.zstdDecompressSync(bytes.subarray(at), options as zlib.ZstdOptions) as unknown as Inflated,
      length,
      maxBytes
    )
    if (engine.bytesWritten === 0) throw new Error('a zstd frame is empty')
    frames.push(buffer)
    length += buffer.length
    at += engine.bytesWritten
  } while (at < bytes.length)
  return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames, length)
}
