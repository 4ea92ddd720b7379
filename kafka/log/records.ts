import { KafkaError } from '../errors.ts'
import { type Header, headerLimits } from '../headers.ts'
import { giveBack } from './compression/index.ts'
import { broken, none, nothing, type StoredBatch, Walk } from './walk.ts'

/** One message as the log has it. */
export interface KafkaRecord {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** In the order of the record. Empty where {@link headersLeftOut} says that there are too many. */
  readonly headers: readonly Header[]
  /** How many headers it says it has, where they were not read: more than `headerLimits`, or bytes that are none. */
  readonly headersLeftOut?: number
  /** Milliseconds since 1970, set by the producer or the broker (`message.timestamp.type`). */
  readonly timestamp: number
}

/**
 * The records of one partition that a fetch returned, as bytes. Nothing of them is copied, and they are checked when
 * they are walked: iterating, {@link at} and {@link RecordCursor.next} throw KafkaError `RECORDS_CORRUPT`.
 */
export class Records implements Iterable<KafkaRecord> {
  readonly #batches: readonly StoredBatch[]
  readonly #from: number
  #places: readonly number[] | undefined

  /** Records below the offset `from` are left out: a fetch returns the whole batch that its offset is in. */
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

  /** Gives the memory of what was decompressed back at once: nothing of these records may be read any more. */
  release(): void {
    for (const { bytes, isOwn } of this.#batches) if (isOwn) giveBack(bytes)
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
    const walk = new Walk()
    walk.enter(batch, start)
    return readRecord(walk, batch)
  }

  /** The same record without its headers, which stay unread. */
  valueAt(place: number): Omit<KafkaRecord, 'headers' | 'headersLeftOut'> {
    const { batch, start } = this.#find(place)
    const walk = new Walk()
    walk.enter(batch, start)
    walk.begin()
    return new ReadRecord(walk, batch)
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
    for (const cursor = this.cursor(); cursor.next(); ) yield cursor.record()
  }
}

/** Where each batch begins if they follow each other. */
function placesOf(batches: readonly StoredBatch[]): number[] {
  let place = 0
  return batches.map(({ start, end }) => {
    const first = place
    place += end - start
    return first
  })
}

/** Walks records without making anything of them; what it shows is of the record that the last `next()` came to. */
export class RecordCursor {
  offset = -1
  /** Key and value are in here. Both ends of either are -1 where it is null. */
  bytes = nothing
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  /** Their number is first; nothing has looked at them (`HeaderCursor`). */
  headersStart = 0
  headersEnd = 0
  /** For {@link Records.at}. */
  place = -1
  readonly #batches: readonly StoredBatch[]
  readonly #from: number
  readonly #walk = new Walk()
  readonly #again = new Walk()
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

  /** The record that it is at. */
  record(): KafkaRecord {
    this.#again.enter(this.#batch, this.place - this.#shift)
    return readRecord(this.#again, this.#batch)
  }

  #enter(): boolean {
    if (this.#walk.at !== this.#batch.end) throw broken(this.#batch, 'there is more than its records')
    const batch = this.#batches[this.#entered]
    if (!batch) return false
    this.#entered += 1
    this.#shift += this.#batch.end - batch.start
    this.#batch = batch
    this.#walk.enter(batch)
    // No record of a batch is before its first offset, whatever came before it.
    this.offset = Math.max(this.offset, batch.baseOffset - 1)
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
    this.headersStart = walk.at
    this.headersEnd = end
    walk.at = end
  }
}

/**
 * A class, because V8 puts all objects of a literal into the old space at once where most of the first ones grew old
 * (decision 0070).
 */
class ReadRecord implements KafkaRecord {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  headers = noHeaders
  declare headersLeftOut?: number

  constructor(walk: Walk, batch: StoredBatch) {
    walk.at += 1
    const timestamp = batch.baseTimestamp + walk.varlong()
    this.offset = batch.baseOffset + walk.varint()
    this.key = walk.slice()
    this.value = walk.slice()
    this.timestamp = batch.appendedAt ?? timestamp
  }
}

const noHeaders: readonly Header[] = Object.freeze([])

/** @param walk is where the record begins */
function readRecord(walk: Walk, batch: StoredBatch): KafkaRecord {
  const end = walk.begin()
  const record = new ReadRecord(walk, batch)
  readHeaders(record, walk, end)
  return record
}

/** What is no headers is left out like too many of them: nothing has walked through them before. */
function readHeaders(record: ReadRecord, walk: Walk, end: number): void {
  let count = 1
  try {
    count = walk.varint()
    if (count === 0 && walk.at === end) return
    const isTooMuch = count < 0 || count > headerLimits.count || end - walk.at > headerLimits.bytes
    const headers = isTooMuch ? undefined : headersIn(walk, count)
    if (headers && walk.at === end) record.headers = headers
    else record.headersLeftOut = Math.max(count, 1)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    record.headersLeftOut = Math.max(count, 1)
  }
}

/** Undefined where one has no name. */
function headersIn(walk: Walk, count: number): Header[] | undefined {
  const headers: Header[] = []
  for (let left = count; left > 0; left -= 1) {
    const name = walk.slice()
    if (name === null) return undefined
    headers.push([name.toString(), walk.slice()])
  }
  return headers
}
