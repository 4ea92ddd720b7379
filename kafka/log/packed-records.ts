import { KafkaError } from '../errors.ts'
import { ContentTooLarge, decompress, TooManyPieces } from './compression/index.ts'
import { type KafkaRecord, Records } from './records.ts'
import type { StoredBatch } from './walk.ts'

/** A record batch as the log has it: its records may be compressed, and nothing but its head was looked at. */
export interface PackedBatch extends StoredBatch {
  /** Where its head begins. */
  readonly at: number
  /** How its records are compressed, as its attributes have it; 0: they are not. */
  readonly codec: number
  /** Why it cannot be read, where its head says that already. */
  readonly fault?: string
}

/** A batch of the log whose records cannot be read, by anybody or within the limits. */
export interface UnreadableBatch {
  readonly code: 'BATCH_UNREADABLE' | 'BATCH_TOO_LARGE'
  /** In words, without anything of the batch. */
  readonly reason: string
  /** The first offset of it that was asked for. */
  readonly baseOffset: number
  readonly lastOffset: number
  /** The whole batch as the log has it, its head included. */
  readonly bytes: Buffer
  /** ms since 1970. */
  readonly timestamp: number
}

/** Some of the batches that a fetch brought, decompressed. */
export interface Portion {
  readonly records: Records
  /** In the order of the log, between and around the records. */
  readonly unreadable: readonly UnreadableBatch[]
  /** The last offset of its batches. */
  readonly lastOffset: number
  /** Bytes that were decompressed or read for it, those of batches that are too large among them. */
  readonly unpackedBytes: number
  /** What follows; undefined after the last batch. */
  readonly rest: PackedRecords | undefined
}

export interface ReadPortion extends Portion {
  /** The records as objects. */
  readonly messages: readonly KafkaRecord[]
}

export interface PortionOptions {
  /** Decompressed bytes past which no further batch is taken. Default 8 MiB. */
  readonly maxBytes?: number
  /** Records past which no further batch is taken: unlike `maxRecords` it never cuts one. Default: no limit. */
  readonly enoughRecords?: number
  /**
   * Walks through every record, so that a batch which decompresses and is corrupt is found to be unreadable; otherwise
   * walking the records throws KafkaError `RECORDS_CORRUPT`. Default false.
   */
  readonly careful?: boolean
}

export interface ReadOptions extends Omit<PortionOptions, 'careful'> {
  /**
   * Records past which the portion ends, be it within a batch: 1 MB of a log can hold 100,000, each of them objects.
   * Default 10,000.
   */
  readonly maxRecords?: number
}

/** Bytes that a batch may have once it is decompressed. */
export const defaultMaxBatchBytes: number = 64 * 1024 * 1024
const defaultPortionBytes = 8 * 1024 * 1024
const defaultPortionRecords = 10_000
/** What each piece of a compressed batch but the first counts: reading it takes about as long as so many bytes. */
const bytesPerPiece = 64 * 1024

/**
 * The record batches of one partition that a fetch returned. They are decompressed when they are taken, some at a time:
 * a fetch may bring a thousand times as much as it has bytes, and a batch that cannot be read concerns only the
 * caller that takes it.
 */
export class PackedRecords implements Iterable<KafkaRecord> {
  readonly #batches: readonly PackedBatch[]
  readonly #from: number
  readonly #maxBatchBytes: number

  /** Records below the offset `from` are left out: a fetch returns the whole batch that its offset is in. */
  constructor(batches: readonly PackedBatch[], from: number, maxBatchBytes = defaultMaxBatchBytes) {
    this.#batches = batches
    this.#from = from
    this.#maxBatchBytes = maxBatchBytes
  }

  /** At most so many records, as the heads of the batches say. */
  get count(): number {
    return this.#batches.reduce((sum, { count }) => sum + count, 0)
  }

  /** Whether the heads of the batches say that there is no record. */
  get isEmpty(): boolean {
    return !this.#batches.some(({ count, lastOffset, fault }) => (count > 0 || fault) && lastOffset >= this.#from)
  }

  /** The first batches, decompressed: one at least. */
  portion(options: PortionOptions = {}): Portion {
    const { maxBytes = defaultPortionBytes, enoughRecords = Number.POSITIVE_INFINITY, careful = false } = options
    const readable: StoredBatch[] = []
    const unreadable: UnreadableBatch[] = []
    let lastOffset = -1
    let bytes = 0
    let records = 0
    let index = 0
    for (; index < this.#batches.length && bytes < maxBytes && records < enoughRecords; index += 1) {
      const batch = this.#batches[index] as PackedBatch
      records += batch.count
      try {
        const { stored, furtherPieces } = unpacked(batch, this.#maxBatchBytes)
        if (careful) walkThrough(stored)
        readable.push(stored)
        bytes += stored.end - stored.start + furtherPieces * bytesPerPiece
      } catch (error) {
        const found = unreadableBatch(batch, this.#from, error)
        if (found.lastOffset >= found.baseOffset) unreadable.push(found)
        // One that is too large took as long as one that is just not.
        bytes += isBeyond(error) ? this.#maxBatchBytes : batch.end - batch.at
      }
      lastOffset = Math.max(lastOffset, batch.lastOffset)
    }
    const rest =
      index < this.#batches.length
        ? new PackedRecords(this.#batches.slice(index), this.#from, this.#maxBatchBytes)
        : undefined
    return { records: new Records(readable, this.#from), unreadable, lastOffset, unpackedBytes: bytes, rest }
  }

  /** The same with the records as objects. */
  read({ maxRecords = defaultPortionRecords, ...options }: ReadOptions = {}): ReadPortion {
    for (let careful = false; ; careful = true) {
      const portion = this.portion({ ...options, careful })
      try {
        const messages: KafkaRecord[] = []
        for (const cursor = portion.records.cursor(); cursor.next(); ) {
          if (messages.length >= maxRecords) return { ...this.#upTo(messages, portion), messages }
          messages.push(cursor.record())
        }
        return { ...portion, messages }
      } catch (error) {
        if (careful || !isCorrupt(error)) throw error
      }
    }
  }

  /** A portion that ends with the last of some of its records. */
  #upTo(messages: readonly KafkaRecord[], { records, unreadable, unpackedBytes }: Portion): Portion {
    const lastOffset = messages.at(-1)?.offset ?? this.#from - 1
    const next = this.#batches.findIndex(batch => batch.lastOffset > lastOffset)
    return {
      records,
      unreadable: unreadable.filter(({ baseOffset }) => baseOffset <= lastOffset),
      lastOffset,
      unpackedBytes,
      rest: new PackedRecords(this.#batches.slice(next), lastOffset + 1, this.#maxBatchBytes)
    }
  }

  /** All portions, one after the other. */
  *portions(options: PortionOptions = {}): Generator<Portion, void> {
    for (let rest: PackedRecords | undefined = this; rest; ) {
      const portion = rest.portion(options)
      yield portion
      rest = portion.rest
    }
  }

  /** All records of the batches that can be read, batch by batch: slowly, and without keeping what it decompresses. */
  *[Symbol.iterator](): Iterator<KafkaRecord> {
    for (const { records } of this.portions({ maxBytes: 1, careful: true })) yield* records
  }
}

/** Whether walking through records found that a batch cannot be read: a careful portion leaves it out. */
export const isCorrupt = (error: unknown): boolean => error instanceof KafkaError && error.code === 'RECORDS_CORRUPT'

/** @throws ContentTooLarge; any other error where it cannot be decompressed */
function unpacked(
  batch: PackedBatch,
  maxBytes: number
): { readonly stored: StoredBatch; readonly furtherPieces: number } {
  if (batch.fault) throw new KafkaError('RECORDS_CORRUPT', batch.fault)
  if (batch.codec === 0) return { stored: batch, furtherPieces: 0 }
  // Compaction leaves the head of a batch without records; there is nothing to decompress then.
  if (batch.count === 0) return { stored: { ...batch, end: batch.start }, furtherPieces: 0 }
  const { bytes, pieces } = decompress(batch.codec, batch.bytes.subarray(batch.start, batch.end), maxBytes)
  return {
    stored: { ...batch, bytes, start: 0, end: bytes.length, isOwn: true },
    furtherPieces: Math.max(0, pieces - 1)
  }
}

const isBeyond = (error: unknown): boolean => error instanceof ContentTooLarge || error instanceof TooManyPieces

/** @throws KafkaError `RECORDS_CORRUPT` when a record cannot be read */
function walkThrough(batch: StoredBatch): void {
  const cursor = new Records([batch], 0).cursor()
  while (cursor.next());
}

function unreadableBatch(batch: PackedBatch, from: number, error: unknown): UnreadableBatch {
  const { bytes, at, end, baseOffset, lastOffset, appendedAt, baseTimestamp } = batch
  return {
    ...faultOf(error),
    baseOffset: Math.max(baseOffset, from),
    lastOffset,
    bytes: bytes.subarray(at, end),
    timestamp: appendedAt ?? baseTimestamp
  }
}

function faultOf(error: unknown): Pick<UnreadableBatch, 'code' | 'reason'> {
  if (error instanceof ContentTooLarge) return { code: 'BATCH_TOO_LARGE', reason: error.message }
  if (error instanceof TooManyPieces) return { code: 'BATCH_UNREADABLE', reason: error.message }
  // What other errors say is of zlib's or Node's insides.
  const reason = error instanceof KafkaError ? error.message : 'the records of the batch cannot be decompressed'
  return { code: 'BATCH_UNREADABLE', reason }
}
