import zlib from 'node:zlib'
import { type Inflated, inflated } from './inflated.ts'
import { type Content, Pieces } from './output.ts'

const magic = 0x8b1f
const deflate = 8
const headLength = 10
const trailerLength = 8
const flags = { headerChecksum: 0x02, extra: 0x04, name: 0x08, comment: 0x10 }

/**
 * Reads gzip (RFC 1952) as Java's GZIPInputStream does, and so Kafka's brokers and clients: all members that
 * follow each other, up to where no head of another one follows. What is there is passed over.
 * @throws ContentTooLarge, TooManyPieces; Error when the bytes are no gzip, are cut short, or do not fit their checksum
 */
export function decompressGzip(bytes: Buffer, maxBytes: number): Content {
  const members = new Pieces(maxBytes)
  let isGzip = false
  for (let at = bodyOf(bytes, 0); at !== undefined; ) {
    const start = at
    const { buffer, engine } = inflated(
      options => zlib.inflateRawSync(bytes.subarray(start), options) as unknown as Inflated,
      members.length,
      maxBytes
    )
    const end = at + engine.bytesWritten
    if (bytes.readUInt32LE(end) !== zlib.crc32(buffer) || bytes.readUInt32LE(end + 4) !== buffer.length % 2 ** 32)
      throw new Error('a gzip member does not fit its checksum')
    members.add(buffer)
    isGzip = true
    at = bodyOf(bytes, end + trailerLength)
  }
  if (!isGzip) throw new Error('no gzip: its first bytes are others')
  return members.done()
}

/** Where the compressed bytes of the member begin whose head is at `start`; undefined where there is no whole head. */
function bodyOf(bytes: Buffer, start: number): number | undefined {
  if (start + headLength > bytes.length) return undefined
  if (bytes.readUInt16LE(start) !== magic || bytes[start + 2] !== deflate) return undefined
  const flag = bytes[start + 3] as number
  let at: number | undefined = start + headLength
  if (flag & flags.extra) at = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16LE(at) : undefined
  if (flag & flags.name) at = afterText(bytes, at)
  if (flag & flags.comment) at = afterText(bytes, at)
  if (at !== undefined && flag & flags.headerChecksum) {
    if (at + 2 > bytes.length || bytes.readUInt16LE(at) !== (zlib.crc32(bytes.subarray(start, at)) & 0xffff))
      return undefined
    at += 2
  }
  return at !== undefined && at <= bytes.length ? at : undefined
}

function afterText(bytes: Buffer, start: number | undefined): number | undefined {
  if (start === undefined) return undefined
  const end = bytes.indexOf(0, start)
  return end < 0 ? undefined : end + 1
}
