import { Output } from './output.ts'

const frameMagic = 0x184d2204
const flags = { contentChecksum: 0x04, contentSize: 0x08, blockChecksums: 0x10, dictionary: 0x01 }
const endMark = 0
const storedPlain = 0x80000000
const blockSizeCodes = [4, 5, 6, 7]
const shortestMatch = 4

/**
 * Reads an LZ4 frame (LZ4 Frame Format 1.6), the form that Kafka's producers use. As Kafka's own reader does, it stops
 * at the frame's end mark, whatever is after it. Checksums are passed over, as that of the batch is (docs/decisions/0036).
 * @throws ContentTooLarge; Error when the bytes are no such frame, or are cut short
 */
export function decompressLz4(bytes: Buffer, maxBytes: number): Buffer {
  const out = new Output(bytes.length * 4, maxBytes)
  if (bytes.readUInt32LE(0) !== frameMagic) throw new Error('no LZ4 frame: its first bytes are others')
  const flag = bytes.readUInt8(4)
  if (flag >> 6 !== 1 || !blockSizeCodes.includes((bytes.readUInt8(5) >> 4) & 7) || flag & flags.dictionary)
    throw new Error('an LZ4 frame of another version or with a dictionary')
  const checksum = flag & flags.blockChecksums ? 4 : 0
  // Descriptor, the size of the content where it is given, and the descriptor's checksum.
  let at = 6 + (flag & flags.contentSize ? 8 : 0) + 1
  for (;;) {
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === endMark) return out.done()
    const end = at + (size & ~storedPlain)
    if (end > bytes.length) throw new Error('an LZ4 frame is cut short')
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
