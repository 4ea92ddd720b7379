import { Output } from './output.ts'

const frameMagic = 0x184d2204
const flags = { contentChecksum: 0x04, contentSize: 0x08, blockChecksums: 0x10, dictionary: 0x01 }
const endMark = 0
const storedPlain = 0x80000000
// By the size code of the frame's descriptor, 4 to 7.
const largestBlock = [65_536, 262_144, 1_048_576, 4_194_304]
const shortestMatch = 4

/**
 * Reads LZ4 frames (LZ4 Frame Format 1.6), the form that Kafka's producers use. Checksums are passed over: Kafka's own
 * covers the batch.
 * @throws Error when the bytes are no such frame, or are cut short
 */
export function decompressLz4(bytes: Buffer): Buffer {
  const out = new Output(bytes.length * 4)
  let at = 0
  while (at < bytes.length) at = readFrame(bytes, at, out)
  return out.done()
}

function readFrame(bytes: Buffer, start: number, out: Output): number {
  if (bytes.readUInt32LE(start) !== frameMagic) throw new Error('no LZ4 frame: its first bytes are others')
  const flag = bytes.readUInt8(start + 4)
  const blockSize = largestBlock[((bytes.readUInt8(start + 5) >> 4) & 7) - 4]
  if (flag >> 6 !== 1 || blockSize === undefined || flag & flags.dictionary)
    throw new Error('an LZ4 frame of another version or with a dictionary')
  const checksum = flag & flags.blockChecksums ? 4 : 0
  // Descriptor, the size of the content where it is told, and the descriptor's checksum.
  let at = start + 6 + (flag & flags.contentSize ? 8 : 0) + 1
  for (;;) {
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === endMark) return at + (flag & flags.contentChecksum ? 4 : 0)
    const end = at + (size & ~storedPlain)
    if (end > bytes.length) throw new Error('an LZ4 frame is cut short')
    out.reserve(blockSize)
    if (size & storedPlain) out.append(bytes, at, end)
    else readBlock(bytes, at, end, out)
    at = end + checksum
  }
}

/** A block is a row of sequences: literals, then a match with what came before; the last has literals alone. */
function readBlock(bytes: Buffer, start: number, end: number, out: Output): void {
  let at = start
  const length = (short: number): number => {
    let sum = short
    if (short === 15) for (let more = 255; more === 255; sum += more) more = bytes.readUInt8(at++)
    return sum
  }
  while (at < end) {
    const token = bytes.readUInt8(at++)
    const literals = length(token >> 4)
    if (at + literals > end) throw new Error('an LZ4 block is cut short')
    out.append(bytes, at, at + literals)
    at += literals
    if (at >= end) return
    const distance = bytes.readUInt16LE(at)
    at += 2
    out.repeat(distance, length(token & 15) + shortestMatch)
  }
}
