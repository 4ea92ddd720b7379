import zlib from 'node:zlib'
import { codecs, rawBatch, varint } from './raw-batch.ts'

export type Codec = Exclude<keyof typeof codecs, 'none'>
/** Bytes, or so many zeros. */
export type Part = Buffer | number

const mebibyte = 1024 * 1024

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

/** Pieces of at most `most` zeros. */
const pieces = (zeros: number, most: number): number[] =>
  Array.from({ length: Math.ceil(zeros / most) }, (_, n) => Math.min(most, zeros - n * most))

/** xxHash-32 of fewer than 16 bytes, which LZ4 seals the head of a frame with. */
function xxh32(bytes: Buffer): number {
  const [p1, p2, p3, p4, p5] = [2654435761, 2246822519, 3266489917, 668265263, 374761393] as const
  const turn = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
  let hash = (p5 + bytes.length) | 0
  let at = 0
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(turn((hash + Math.imul(bytes.readInt32LE(at), p3)) | 0, 17), p4)
  for (; at < bytes.length; at += 1) hash = Math.imul(turn((hash + Math.imul(bytes[at] as number, p5)) | 0, 11), p1)
  hash = Math.imul(hash ^ (hash >>> 15), p2)
  hash = Math.imul(hash ^ (hash >>> 13), p3)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** One LZ4 frame with independent blocks of up to 4 MiB, as Kafka's producers write them. */
export function lz4Frame(parts: readonly Part[]): Buffer {
  const head = Buffer.of(0x60, 0x70)
  const plain = (bytes: Buffer): Buffer => Buffer.concat([u32(bytes.length | 0x80000000), bytes])
  const zeros = (count: number): Buffer => {
    if (count < 64) return plain(Buffer.alloc(count))
    // A literal zero, a match that repeats it, and the five literals that a block must end with.
    const rest = count - 1 - 5 - 4 - 15
    const longs = Buffer.alloc(Math.floor(rest / 255) + 1, 255)
    longs[longs.length - 1] = rest % 255
    const block = Buffer.concat([Buffer.of(0x1f, 0, 1, 0), longs, Buffer.of(0x50, 0, 0, 0, 0, 0)])
    return Buffer.concat([u32(block.length), block])
  }
  const blocks = parts.flatMap(part =>
    typeof part === 'number' ? pieces(part, 4 * mebibyte).map(zeros) : [plain(part)]
  )
  return Buffer.concat([u32(0x184d2204), head, Buffer.of((xxh32(head) >>> 8) & 0xff), ...blocks, u32(0)])
}

/** One zstd frame of raw and run-length blocks. */
export function zstdFrame(parts: readonly Part[]): Buffer {
  const block = (type: 0 | 1, size: number, last = false): Buffer => {
    const head = Buffer.alloc(3)
    head.writeUIntLE((last ? 1 : 0) | (type << 1) | (size << 3), 0, 3)
    return head
  }
  const most = 128 * 1024
  const blocks = parts.flatMap(part =>
    typeof part === 'number'
      ? pieces(part, most).map(size => Buffer.concat([block(1, size), Buffer.of(0)]))
      : pieces(part.length, most).map((size, n) =>
          Buffer.concat([block(0, size), part.subarray(n * most, n * most + size)])
        )
  )
  return Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38), ...blocks, block(0, 0, true)])
}

/** A frame that readers of zstd are to pass over. */
export const zstdSkippable = (bytes: Buffer): Buffer => Buffer.concat([u32(0x184d2a50), u32(bytes.length), bytes])

const flushed = { level: 9, finishFlush: zlib.constants.Z_FULL_FLUSH }
const zeros = Buffer.alloc(mebibyte)
const deflatedZeros = zlib.deflateRawSync(zeros, flushed)

/** One gzip member. Zeros are deflated once for each MiB: a block that was flushed does not look back. */
export function gzipMember(parts: readonly Part[]): Buffer {
  const out: Buffer[] = [Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)]
  let crc = 0
  let size = 0
  const add = (bytes: Buffer, deflated: Buffer): void => {
    crc = zlib.crc32(bytes, crc)
    size += bytes.length
    out.push(deflated)
  }
  for (const part of parts) {
    if (Buffer.isBuffer(part)) add(part, zlib.deflateRawSync(part, flushed))
    else
      for (const count of pieces(part, mebibyte)) {
        const piece = zeros.subarray(0, count)
        add(piece, count === mebibyte ? deflatedZeros : zlib.deflateRawSync(piece, flushed))
      }
  }
  // An empty last block.
  return Buffer.concat([...out, Buffer.of(3, 0), u32(crc), u32(size)])
}

/** Snappy in the stream of Java's clients; blocks of up to 16 MiB. */
export function snappyStream(parts: readonly Part[]): Buffer {
  const unsigned = (value: number): Buffer => {
    const bytes: number[] = []
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return Buffer.from([...bytes, rest])
      bytes.push((rest % 128) | 128)
    }
  }
  const block = (content: readonly Buffer[]): Buffer => {
    const bytes = Buffer.concat(content)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const literal = (bytes: Buffer): Buffer => {
    const long = Buffer.alloc(3)
    long.writeUInt8(61 << 2)
    long.writeUInt16LE(bytes.length - 1, 1)
    return Buffer.concat([long, bytes])
  }
  const zeros = (count: number): Buffer => {
    const copies = pieces(count - 1, 64).map(length => Buffer.of(((length - 1) << 2) | 2, 1, 0))
    return block([unsigned(count), literal(Buffer.alloc(1)), ...copies])
  }
  const most = 60_000
  const blocks = parts.flatMap(part =>
    typeof part === 'number'
      ? pieces(part, 16 * mebibyte).map(zeros)
      : pieces(part.length, most).map((size, n) =>
          block([unsigned(size), literal(part.subarray(n * most, n * most + size))])
        )
  )
  return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), ...blocks])
}

export const compress: Readonly<Record<Codec, (parts: readonly Part[]) => Buffer>> = {
  gzip: gzipMember,
  snappy: snappyStream,
  lz4: lz4Frame,
  zstd: zstdFrame
}

/** A batch of records whose values are so many zeros each: small on the wire, large once it is decompressed. */
export function bomb(codec: Codec, bytes: number, records = 1): Buffer {
  const parts = Array.from({ length: records }, (_, place): Part[] => {
    const head = Buffer.concat([Buffer.of(0), varint(0), varint(place), varint(1), Buffer.from('k'), varint(bytes)])
    const noHeaders = varint(0)
    return [Buffer.concat([varint(head.length + bytes + noHeaders.length), head]), bytes, noHeaders]
  })
  return rawBatch({ records: compress[codec](parts.flat()), count: records, attributes: codecs[codec] })
}
