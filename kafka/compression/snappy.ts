import { Output } from './output.ts'

// Java's clients and brokers put blocks into a stream of their own (snappy-java): this, two versions, then blocks.
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const javaHeader = javaMagic.length + 8

/**
 * Reads Snappy, as one block (librdkafka) or in the stream of Java's clients.
 * @throws Error when the bytes are no Snappy, or are cut short
 */
export function decompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, javaMagic.length).equals(javaMagic)) return readBlock(bytes)
  const blocks: Buffer[] = []
  for (let at = javaHeader; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw new Error('a Snappy stream is cut short')
    blocks.push(readBlock(bytes.subarray(at + 4, end)))
    at = end
  }
  return Buffer.concat(blocks)
}

/** The length of the content, then literals and copies of what came before (Snappy Format Description). */
function readBlock(bytes: Buffer): Buffer {
  let at = 0
  let size = 0
  for (let shift = 1, more = true; more; shift *= 128) {
    const byte = bytes.readUInt8(at++)
    size += (byte & 0x7f) * shift
    more = byte >= 0x80
  }
  const out = new Output(size)
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++)
    const upper = tag >> 2
    switch (tag & 3) {
      case 0: {
        const extra = Math.max(0, upper - 59)
        const length = (extra > 0 ? bytes.readUIntLE(at, extra) : upper) + 1
        at += extra
        if (at + length > bytes.length) throw new Error('a Snappy block is cut short')
        out.append(bytes, at, at + length)
        at += length
        break
      }
      case 1:
        out.repeat(((tag >> 5) << 8) | bytes.readUInt8(at), (upper & 7) + 4)
        at += 1
        break
      case 2:
        out.repeat(bytes.readUInt16LE(at), upper + 1)
        at += 2
        break
      case 3:
        out.repeat(bytes.readUInt32LE(at), upper + 1)
        at += 4
    }
  }
  const content = out.done()
  if (content.length !== size) throw new Error(`a Snappy block holds ${content.length} bytes, and says ${size}`)
  return content
}
