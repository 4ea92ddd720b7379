import { KafkaError } from '../errors.ts'

/** A record batch of the log (message format v2, KIP-98), decompressed. */
export interface StoredBatch {
  /** Its records are from `start` to `end`; what is around them is not its own. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  /** Stays what it was when compaction takes the last records. */
  readonly lastOffset: number
  readonly count: number
  /** ms since 1970. */
  readonly baseTimestamp: number
  /** ms since 1970, where the broker's time counts for all records of the batch. */
  readonly appendedAt: number | undefined
  /** Nothing else uses the memory that `bytes` are in. */
  readonly isOwn?: true
}

export const nothing: Buffer = Buffer.alloc(0)
export const none: StoredBatch = {
  bytes: nothing,
  start: 0,
  end: 0,
  baseOffset: 0,
  lastOffset: 0,
  count: 0,
  baseTimestamp: 0,
  appendedAt: undefined
}

/** A position in the records of a batch. */
export class Walk {
  at = 0
  #bytes = nothing
  #batch = none
  #end = 0

  enter(batch: StoredBatch, at = batch.start): void {
    this.#batch = batch
    this.#bytes = batch.bytes
    this.at = at
  }

  /** Reads the length of a record, and reads no further than that from here on; returns where it ends. */
  begin(): number {
    this.#end = this.#batch.end
    const length = this.varint()
    const end = this.at + length
    if (length < 0 || end > this.#batch.end) throw broken(this.#batch, 'a record ends after it')
    this.#end = end
    return end
  }

  /** A zigzag varint of up to 32 bits. One of two bytes may run over the end: the caller that moves on checks that. */
  varint(): number {
    const bytes = this.#bytes
    const { at } = this
    const first = bytes[at] as number
    if (first < 0x80) {
      this.at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = bytes[at + 1] as number
    if (second >= 0x80 || at + 1 >= this.#end) return this.#longVarint()
    this.at = at + 2
    const sum = (first & 0x7f) | (second << 7)
    return (sum >>> 1) ^ -(sum & 1)
  }

  #longVarint(): number {
    let sum = 0
    for (let shift = 0; shift <= 28 && this.at < this.#end; shift += 7) {
      const byte = this.#bytes[this.at++] as number
      sum |= (byte & 0x7f) << shift
      if (byte < 0x80) return (sum >>> 1) ^ -(sum & 1)
    }
    throw broken(this.#batch, 'a number has no end')
  }

  skipVarlong(): void {
    const bytes = this.#bytes
    for (let count = 0; count < 10 && this.at < this.#end; count += 1) {
      if ((bytes[this.at++] as number) < 0x80) return
    }
    throw broken(this.#batch, 'a number has no end')
  }

  /** A zigzag varint of up to 64 bits; exact up to 53. */
  varlong(): number {
    let sum = 0
    let scale = 1
    for (let count = 0; count < 10 && this.at < this.#end; count += 1, scale *= 128) {
      const byte = this.#bytes[this.at++] as number
      sum += (byte & 0x7f) * scale
      if (byte < 0x80) return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2
    }
    throw broken(this.#batch, 'a number has no end')
  }

  /** The length of what follows, which is within the record; -1 for null. */
  length(): number {
    const length = this.varint()
    if (length < -1 || this.at + length > this.#end) throw broken(this.#batch, 'a length leads out of its record')
    return length
  }

  slice(): Buffer | null {
    const length = this.length()
    if (length < 0) return null
    const start = this.at
    this.at += length
    return this.#bytes.subarray(start, this.at)
  }
}

/** The error of a batch whose records are not what Kafka's protocol says. */
export const broken = ({ baseOffset }: StoredBatch, what: string): KafkaError =>
  new KafkaError('RECORDS_CORRUPT', `the record batch at offset ${baseOffset} cannot be read: ${what}`)
