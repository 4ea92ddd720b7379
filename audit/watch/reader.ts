import { EventtrailError, type Logger, pause, safeError } from '../../core/index.ts'
import { type BatchControl, keyOf, type RecordBatch } from '../../kafka/index.ts'
import { leafLetters, leavesOf } from '../../proof/index.ts'
import {
  type BadRecord,
  CopyBuffer,
  type EncodedPage,
  encodeUnlessCorrupt,
  offsetOfRow,
  PageEncoder,
  quarantineRowsOf,
  rowEnd,
  type Schemas
} from '../../trail/index.ts'
import { RecentIds } from './recent-ids.ts'
import { type Doubt, idBytes, type Seen } from './seen.ts'

/** Where the id of a row begins: after the number of columns and its length. */
const idAt = 6
/** Partition and offset, each after its length: what differs between two records of one event. */
const placeBytes = 20
const waitMs = 1_000

export interface ReaderOptions {
  readonly book: Schemas
  readonly prefix: string
  readonly log: Logger
}

/** Makes rows of records as a sink does, and keeps their hashes. */
export class RecordReader {
  readonly #options: ReaderOptions
  readonly #encoders = new Map<string, PageEncoder>()
  readonly #ids = new RecentIds()
  /** Of batches that are read at once, each has its own. */
  readonly #buffers: CopyBuffer[] = []

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /**
   * Reads a batch from an offset on, some of it at a time.
   * @returns false where it was called off
   * @throws what no retry fixes
   */
  async read(batch: RecordBatch, from: number, control: BatchControl, take: (seen: Seen) => void): Promise<boolean> {
    const out = this.#buffers.pop() ?? new CopyBuffer()
    try {
      return await this.#read(batch, from, control, take, out)
    } finally {
      this.#buffers.push(out)
    }
  }

  async #read(
    batch: RecordBatch,
    from: number,
    control: BatchControl,
    take: (seen: Seen) => void,
    out: CopyBuffer
  ): Promise<boolean> {
    const encoder = this.#encoderOf(batch)
    let packed = batch.raw
    let first = from
    let careful = false
    while (!control.signal.aborted) {
      const portion = packed.portion({ careful })
      const last = portion.rest ? portion.lastOffset : batch.lastOffset
      if (last < first && portion.rest) {
        packed = portion.rest
        continue
      }
      out.at = 0
      const encoded = encodeUnlessCorrupt(encoder, portion, { first, last }, out, careful)
      if (encoded === 'corrupt') careful = true
      else if (encoded.kind === 'needs schemas') await this.#learn(encoder, encoded.ids, control)
      else {
        take(this.#seenOf(batch, first, encoded, out))
        if (encoded.last >= batch.lastOffset) return true
        if (encoded.last === last && portion.rest) packed = portion.rest
        first = encoded.last + 1
        careful = false
        await control.heartbeat()
      }
    }
    return false
  }

  #seenOf(batch: RecordBatch, first: number, { page, badRecords, last }: EncodedPage, { bytes }: CopyBuffer): Seen {
    const key = keyOf(batch)
    const offsets = new Float64Array(page.rows)
    const times = new Float64Array(page.rows)
    const ids = Buffer.allocUnsafe(page.rows * idBytes)
    const ends = new Uint32Array(page.rows)
    const doubted: BadRecord[] = []
    const doubts = new Map<number, Doubt>()
    const suspects = new Set(page.suspects)
    const cursor = page.records.cursor()
    for (let [index, start] = [0, page.start]; index < page.rows; index += 1) {
      const end = rowEnd(bytes, start)
      const offset = offsetOfRow(bytes, end)
      while (cursor.offset < offset) cursor.next()
      offsets[index] = offset
      times[index] = page.records.valueAt(cursor.place).timestamp
      ends[index] = end
      bytes.copy(ids, index * idBytes, start + idAt, start + idAt + idBytes)
      const id = bytes.toString('latin1', start + idAt, start + idAt + idBytes)
      const came = this.#ids.take(id, `${key}@${offset}`, leafLetters(bytes.subarray(start, end - placeBytes)))
      if (came === 'same') doubts.set(offset, { kind: 'duplicate' })
      else if (came === 'other' || suspects.has(start)) {
        const fault = { code: came === 'other' ? 'CONFLICT' : 'POSTGRES_REFUSED', reason: '' } as const
        doubted.push({ offset, fault, record: page.records.at(cursor.place) })
      }
      start = end
    }
    for (const row of kept(batch, doubted))
      doubts.set(row.offset, { kind: 'quarantined', code: row.fault.code, digest: row.digest })
    const bad = kept(batch, badRecords).map(({ offset, lastOffset = offset, fault: { code }, digest, record }) => ({
      ...{ offset, last: lastOffset, code, digest },
      time: record.timestamp
    }))
    return { first, last, offsets, times, leaves: leavesOf(bytes, page.start, ends), ids, doubts, bad }
  }

  #encoderOf({ topic, partition }: RecordBatch): PageEncoder {
    const key = keyOf({ topic, partition })
    const known = this.#encoders.get(key)
    if (known) return known
    const { book, prefix } = this.#options
    const encoder = new PageEncoder(book, { topic, partition }, topic.slice(prefix.length))
    this.#encoders.set(key, encoder)
    return encoder
  }

  /** Asks the registry until it answers, or the batch is called off. */
  async #learn(encoder: PageEncoder, ids: readonly number[], control: BatchControl): Promise<void> {
    while (!control.signal.aborted) {
      try {
        await encoder.learn(ids)
        return
      } catch (error) {
        if (!(error instanceof EventtrailError && error.retryable)) throw error
        this.#options.log.warn({ err: safeError(error) }, 'the registry does not answer; trying again')
        await control.heartbeat()
        await pause(waitMs, control.signal)
      }
    }
  }
}

/** As the quarantine of a sink would keep them. */
function kept({ topic, partition }: RecordBatch, badRecords: readonly BadRecord[]) {
  if (badRecords.length === 0) return []
  const of = { topic, partition, incarnation: 1, first: 0, last: 0, pages: [], rows: 0, skipped: 0, lost: 0, bytes: 0 }
  return quarantineRowsOf([{ ...of, badRecords }], { stored: 0, duplicates: [], badRows: [] })
}
