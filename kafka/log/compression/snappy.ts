import { ContentTooLarge, Output } from './output.ts'

// Java's clients and brokers put blocks into a stream of their own (snappy-java): this, two versions, then blocks.
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const javaHeader = javaMagic.length + 8
/** The same magic where the length of a block is expected: another stream follows. */
const javaMagicAsLength = javaMagic.readUInt32BE()
/** Three bytes make at most 64. */
const greatestRatio = 22

/**
 * Reads Snappy, as one block (librdkafka) or in the streams of Java's clients. As snappy-java does, it reads streams
 * that follow each other, and passes over up to three bytes that are left.
 * @throws ContentTooLarge; Error when the bytes are no Snappy, or are cut short
 */
export function decompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length < javaHeader || !startsStream(bytes, 0)) {
    const out = outputFor(bytes, 0, maxBytes)
    readBlock(bytes, 0, bytes.length, out, maxBytes)
    return out.done()
  }
  const out = new Output(bytes.length * 4, maxBytes)
  for (let at = javaHeader; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    if (length === javaMagicAsLength) {
      if (at + javaHeader > bytes.length) throw new Error('the head of a Snappy stream is cut short')
      if (!startsStream(bytes, at)) break
      at += javaHeader
      continue
    }
    const end = at + 4 + length
    if (end > bytes.length) throw new Error('a Snappy stream is cut short')
    readBlock(bytes, at + 4, end, out, maxBytes)
    at = end
  }
  return out.done()
}

const startsStream = (bytes: Buffer, at: number): boolean =>
  bytes.compare(javaMagic, 0, javaMagic.length, at, at + javaMagic.length) === 0

function outputFor(bytes: Buffer, at: number, maxBytes: number): Output {
  return new Output(Math.min(readSize(bytes, at).size, bytes.length * greatestRatio), maxBytes)
}

function readSize(bytes: Buffer, start: number): { readonly size: number; readonly at: number } {
  let size = 0
  for (let at = start, scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = bytes.readUInt8(at++)
    size += (byte & 0x7f) * scale
    if (byte < 0x80) return { size, at }
  }
  throw new Error('the length of a Snappy block has no end')
}

/** The length of the content, then literals and copies of what came before (Snappy Format Description). */
function readBlock(bytes: Buffer, start: number, end: number, out: Output, maxBytes: number): void {
  const before = out.length
  const { size, at: first } = readSize(bytes, start)
  let at = first
  // It is a word of the sender's: nothing is allocated by it.
  if (before + size > maxBytes) throw new ContentTooLarge(maxBytes)
  const copy = (distance: number, length: number): void => {
    if (distance > out.length - before) throw new Error('a Snappy block points before its beginning')
    out.repeat(distance, length)
  }
  while (at < end) {
    const tag = bytes.readUInt8(at++)
    const upper = tag >> 2
    switch (tag & 3) {
      case 0: {
        const extra = Math.max(0, upper - 59)
        const length = (extra > 0 ? bytes.readUIntLE(at, extra) : upper) + 1
        at += extra
        if (at + length > end) throw new Error('a Snappy block is cut short')
        out.append(bytes, at, at + length)
        at += length
        break
      }
      case 1:
        copy(((tag >> 5) << 8) | bytes.readUInt8(at), (upper & 7) + 4)
        at += 1
        break
      case 2:
        copy(bytes.readUInt16LE(at), upper + 1)
        at += 2
        break
      case 3:
        copy(bytes.readUInt32LE(at), upper + 1)
        at += 4
    }
  }
  const held = out.length - before
  if (at !== end || held !== size) throw new Error(`a Snappy block holds ${held} bytes, and says ${size}`)
}
