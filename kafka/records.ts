import { KafkaError } from './errors.ts'
import { type Header, headerLimits } from './headers.ts'

/** One message as it lies in the log. */
export interface KafkaRecord {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** In the order of the record. Empty where {@link headersLeftOut} says that there are too many. */
  readonly headers: readonly Header[]
  /** How many headers it has, where they are more than `headerLimits` and were not read. */
  readonly headersLeftOut?: number
  /** Milliseconds since 1970, set by the producer or the broker (`message.timestamp.type`). */
  readonly timestamp: number
}

/** A record batch of the log (message format v2, KIP-98), decompressed. */
export interface StoredBatch {
  /** Its records lie from `start` to `end`; what is around them is not its own. */
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
}

/**
 * The records of one partition that a fetch returned, as bytes. Nothing of them is copied, and they are checked when
 * they are walked: iterating, {@link at} and {@link RecordCursor.next} throw KafkaError `RECORDS_CORRUPT`.
 */
export class Records implements Iterable<KafkaRecord> {
  readonly #batches: readonly StoredBatch[]
  readonly #from: number
  #places: readonly number[] | undefined

  /** Records below the offset `from` are left out: a fetch returns the whole batch that its offset lies in. */
  constructor(batches: readonly StoredBatch[], from: number) {
    this.#batches = batches
    this.#from = from
  }

  /**
   * The length of their batches. They keep about as much in memory; where nothing was compressed, the whole response
   * stays as long as one of its partitions does, and each counts its part.
   */
  get bytes(): number {
    return this.#batches.reduce((sum, { start, end }) => sum + end - start, 0)
  }

  /** At most so many records, as the heads of the batches say. */
  get count(): number {
    return this.#batches.reduce((sum, { count }) => sum + count, 0)
  }

  get isEmpty(): boolean {
    return !this.cursor().next()
  }

  cursor(): RecordCursor {
    return new RecordCursor(this.#batches, this.#from)
  }

  /** The record at the `place` of a cursor of these records. */
  at(place: number): KafkaRecord {
    const { batch, start } = this.#find(place)
    return readRecord(batch, start)
  }

  /** The same record without its headers, which stay unread. */
  valueAt(place: number): Omit<KafkaRecord, 'headers' | 'headersLeftOut'> {
    const { batch, start } = this.#find(place)
    const walk = new Walk()
    walk.enter(batch, start)
    walk.begin()
    return readValue(walk, batch)
  }

  #find(place: number): { readonly batch: StoredBatch; readonly start: number } {
    this.#places ??= placesOf(this.#batches)
    let low = 0
    for (let high = this.#places.length; high - low > 1; ) {
      const middle = (low + high) >>> 1
      if ((this.#places[middle] as number) <= place) low = middle
      else high = middle
    }
    const batch = this.#batches[low]
    if (!batch) throw new RangeError('there is no record at this place')
    return { batch, start: batch.start + place - (this.#places[low] as number) }
  }

  *[Symbol.iterator](): Iterator<KafkaRecord> {
    for (const cursor = this.cursor(); cursor.next(); ) yield this.at(cursor.place)
  }
}

/** Where each batch begins if they lay one behind the other. */
function placesOf(batches: readonly StoredBatch[]): number[] {
  let place = 0
  return batches.map(({ start, end }) => {
    const first = place
    place += end - start
    return first
  })
}

const nothing: Buffer = Buffer.alloc(0)
const none: StoredBatch = {
  bytes: nothing,
  start: 0,
  end: 0,
  baseOffset: 0,
  lastOffset: 0,
  count: 0,
  baseTimestamp: 0,
  appendedAt: undefined
}

/** Walks records without making anything of them; what it shows is of the record that the last `next()` came to. */
export class RecordCursor {
  offset = -1
  /** Key and value lie in here. Both ends of either are -1 where it is null. */
  bytes = nothing
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  /** For {@link Records.at}. */
  place = -1
  readonly #batches: readonly StoredBatch[]
  readonly #from: number
  readonly #walk = new Walk()
  #entered = 0
  #batch = none
  #left = 0
  /** From a position in the bytes to a place. */
  #shift = 0

  constructor(batches: readonly StoredBatch[], from: number) {
    this.#batches = batches
    this.#from = from
  }

  /** False when there is no further record. */
  next(): boolean {
    do {
      while (this.#left === 0) if (!this.#enter()) return false
      this.#left -= 1
      this.#read()
    } while (this.offset < this.#from)
    return true
  }

  #enter(): boolean {
    if (this.#walk.at !== this.#batch.end) throw broken(this.#batch, 'there is more than its records')
    const batch = this.#batches[this.#entered]
    if (!batch) return false
    this.#entered += 1
    this.#shift += this.#batch.end - batch.start
    this.#batch = batch
    this.#walk.enter(batch)
    this.#left = batch.count
    this.bytes = batch.bytes
    return true
  }

  #read(): void {
    const walk = this.#walk
    this.place = walk.at + this.#shift
    const end = walk.begin()
    walk.at += 1
    walk.skipVarlong()
    const offset = this.#batch.baseOffset + walk.varint()
    // What comes twice or out of order could not be accounted for.
    if (offset <= this.offset || offset > this.#batch.lastOffset) throw broken(this.#batch, 'an offset is out of order')
    this.offset = offset
    const key = walk.length()
    this.keyStart = key < 0 ? -1 : walk.at
    if (key > 0) walk.at += key
    this.keyEnd = key < 0 ? -1 : walk.at
    const value = walk.length()
    this.valueStart = value < 0 ? -1 : walk.at
    if (value > 0) walk.at += value
    this.valueEnd = value < 0 ? -1 : walk.at
    // The number of headers follows at least.
    if (walk.at >= end) throw broken(this.#batch, 'a record is cut short')
    walk.at = end
  }
}

/** A position in the records of a batch. */
class Walk {
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
    if (length < 0 || end > this.#batch.end) throw broken(this.#batch, 'a record ends behind it')
    this.#end = end
    return end
  }

  /** A zigzag varint of up to 32 bits. One of two bytes may run over the end: who moves on checks that. */
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

  /** The length of what follows, which lies within the record; -1 for null. */
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

/** Reads a record up to its headers. */
function readValue(walk: Walk, batch: StoredBatch): Omit<KafkaRecord, 'headers' | 'headersLeftOut'> {
  walk.at += 1
  const timestamp = batch.baseTimestamp + walk.varlong()
  const offset = batch.baseOffset + walk.varint()
  const key = walk.slice()
  const value = walk.slice()
  return { offset, key, value, timestamp: batch.appendedAt ?? timestamp }
}

function readRecord(batch: StoredBatch, start: number): KafkaRecord {
  const walk = new Walk()
  walk.enter(batch, start)
  const end = walk.begin()
  const record = readValue(walk, batch)
  return { ...record, ...readHeaders(walk, batch, end) }
}

function readHeaders(walk: Walk, batch: StoredBatch, end: number): Pick<KafkaRecord, 'headers' | 'headersLeftOut'> {
  const count = walk.varint()
  // A name and a value have a length each.
  if (count < 0 || count * 2 > end - walk.at) throw broken(batch, 'it has not as many headers as it says')
  if (count > headerLimits.count || end - walk.at > headerLimits.bytes) return { headers: [], headersLeftOut: count }
  const headers: Header[] = []
  for (let left = count; left > 0; left -= 1) {
    const name = walk.slice()
    if (name === null) throw broken(batch, 'a header has no name')
    headers.push([name.toString(), walk.slice()])
  }
  if (walk.at !== end) throw broken(batch, 'a record is longer than what it holds')
  return { headers }
}

const broken = ({ baseOffset }: StoredBatch, what: string) =>
  new KafkaError('RECORDS_CORRUPT', `the record batch at offset ${baseOffset} cannot be read: ${what}`)
