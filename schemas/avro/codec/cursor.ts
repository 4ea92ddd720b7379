import { maxDepth } from '../limits.ts'

/** Bytes that are no Avro of their schema. Its message has numbers at most, never text of the data. */
export class MalformedAvro extends Error {}

/** A position in Avro bytes. */
export class Cursor {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  end = 0
  /** Records, arrays and maps around what is read. */
  depth = 0
  /** Items without bytes that were read. */
  emptyItems = 0

  /** What is read is from `start` to `end`. */
  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.depth = 0
    this.emptyItems = 0
  }

  /** @throws MalformedAvro */
  fail(what: string): never {
    throw new MalformedAvro(what)
  }

  cutShort(): never {
    return this.fail('it is cut short')
  }

  nestedTooDeep(): never {
    return this.fail(`its payload nests deeper than ${maxDepth} levels`)
  }

  /** Moves over `length` bytes; returns where they begin. */
  take(length: number): number {
    const start = this.at
    if (!(length >= 0 && start + length <= this.end)) this.cutShort()
    this.at = start + length
    return start
  }

  /** A zigzag varint of up to 53 bits as a number; undefined (and not moved) when it is longer. */
  small(): number | undefined {
    const { bytes, end } = this
    let { at } = this
    const first = bytes[at] as number
    if (first < 0x80 && at < end) {
      this.at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    let sum = 0
    let scale = 1
    for (let count = 0; count < 8; count += 1, scale *= 128) {
      if (at >= end) this.cutShort()
      const byte = bytes[at++] as number
      sum += (byte & 0x7f) * scale
      if (byte >= 0x80) continue
      if (sum > Number.MAX_SAFE_INTEGER) return undefined
      this.at = at
      return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2
    }
    return undefined
  }

  /** A zigzag varint of up to 64 bits (Avro 1.12, "Primitive Types"). */
  large(): bigint {
    let sum = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.take(1)] as number
      sum |= BigInt(byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (sum >= 1n << 64n) break
      return sum & 1n ? -((sum + 1n) >> 1n) : sum >> 1n
    }
    return this.fail('a long has more than 64 bits')
  }

  /** One byte that is 0 or 1 (Avro 1.12, "Primitive Types"). Readers disagree about any other, so it is none. */
  boolean(): boolean {
    const byte = this.bytes[this.take(1)] as number
    return byte > 1 ? this.fail('a boolean is neither 0 nor 1') : byte === 1
  }

  /** A length, a count or an index: never more than fits a number. */
  count(): number {
    return this.small() ?? this.cutShort()
  }
}

/** Reads one value. @throws MalformedAvro */
export type Read = (cursor: Cursor) => unknown
