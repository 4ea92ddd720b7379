import { mapConcurrently } from '../../core/index.ts'
import {
  type Header,
  isCorrupt,
  type Portion,
  type RecordCursor,
  type Records,
  type TopicPartition,
  type UnreadableBatch
} from '../../kafka/index.ts'
import { SchemaError, schemaIdWithin } from '../../schemas/index.ts'
import { BadRecordError, type RecordFault } from '../errors.ts'
import type { CopyBuffer } from '../rows/index.ts'
import { VersionMismatch, WhoHeaders } from '../rows/index.ts'
import { type BadRecord, offsetsIn, type Page } from '../types.ts'
import type { KnownSchema, SchemaBook, UnusableSchema } from './schema-book.ts'

/** Values name schemas that are not known yet: learn them, then decode again. Nothing was written. */
export interface NeedsSchemas {
  readonly kind: 'needs schemas'
  /** Those that the records name, as many as one request asks for. */
  readonly ids: readonly number[]
}

/** The records of one fetch, as rows after what the buffer held. */
export interface EncodedPage {
  readonly kind: 'encoded'
  readonly page: Page
  readonly badRecords: readonly BadRecord[]
  /**
   * The last offset that was taken: before the end where the rows are many bytes, or many records are refused. The rest
   * has to be encoded next.
   */
  readonly last: number
  /** Offsets up to `last` that hold no event, counted from the gaps between records. */
  readonly skipped: number
  /** Where the last record is, a row or a bad record. */
  readonly lastPlace: number | undefined
}

/** Where key and value of a record are; a start of -1 is null. */
export type RecordBytes = Pick<RecordCursor, 'offset' | 'bytes' | 'keyStart' | 'valueStart' | 'valueEnd'>
type HeaderBytes = Pick<RecordCursor, 'headersStart' | 'headersEnd'>

/** What it needs of a {@link SchemaBook}. */
export type Schemas = Pick<SchemaBook, 'find' | 'learn' | 'doubt' | 'generation'>

/** Bytes of a record's value at most. */
export const maxValueBytes: number = 16 * 1024 * 1024
/** Bytes of rows at which decoding stops: a few records can become more than memory holds. */
const encodedAtOnce = 16 * 1024 * 1024
/** Refused records at which it stops: each is objects of a kilobyte and more, and 1 MB of a log can hold 100,000. */
const badRecordsAtOnce = 10_000

const valueTooLarge = (bytes: number): BadRecordError =>
  new BadRecordError('RECORD_TOO_LARGE', `its value has ${bytes} bytes, more than ${maxValueBytes}`)

/** Encodes the records of one partition as rows of COPY, or finds their faults. */
export class PageEncoder {
  readonly #book: Schemas
  readonly #eventName: string
  readonly #subject: string
  readonly #who = new WhoHeaders()
  readonly #origin: { readonly partition: number; offset: number; readonly who: WhoHeaders }
  /**
   * What was learnt for a batch that waits. The book forgets after a while that an id cannot be used: a batch that names
   * many of them would never have the answers for all at once.
   */
  readonly #unusable = new Map<number, UnusableSchema>()
  /** For how many records of a batch that waits a schema was asked for again. */
  #doubts = 0
  #last: { readonly id: number; readonly schema: KnownSchema } | undefined
  #generation = 0

  constructor(book: Schemas, source: TopicPartition, eventName: string) {
    this.#book = book
    this.#eventName = eventName
    this.#subject = `${source.topic}-value`
    this.#origin = { partition: source.partition, offset: 0, who: this.#who }
  }

  /**
   * Takes records of the offsets `first` to `last`. A bad record, or a batch that cannot be read, is among `refused`
   * and ends nothing.
   * @throws KafkaError `RECORDS_CORRUPT` when walking shows that a batch cannot be read; what it wrote has to be dropped
   */
  encodePage(
    { records, unreadable }: Pick<Portion, 'records' | 'unreadable'>,
    { first, last }: { first: number; last: number },
    out: CopyBuffer
  ): EncodedPage | NeedsSchemas {
    const start = out.at
    const cursor = records.cursor()
    const badRecords: BadRecord[] = []
    const suspects: number[] = []
    let rows = 0
    let skipped = 0
    let expected = first
    let lastPlace: number | undefined
    if (this.#generation !== this.#book.generation) {
      this.#generation = this.#book.generation
      this.#last = undefined
      this.#unusable.clear()
    }
    const enough = start + encodedAtOnce
    let until = last
    while (cursor.next()) {
      if (cursor.offset < first) continue
      if (out.at > enough || badRecords.length >= badRecordsAtOnce) {
        until = expected - 1
        break
      }
      lastPlace = cursor.place
      skipped += cursor.offset - expected
      expected = cursor.offset + 1
      const { at, nulCharacters } = out
      try {
        const needed = this.#encodeRecord(cursor, out)
        if (needed !== undefined) {
          out.at = start
          return { kind: 'needs schemas', ids: this.#missing(records, first) }
        }
        rows += 1
        if (out.nulCharacters !== nulCharacters) suspects.push(at)
      } catch (error) {
        const doubted = this.#doubted(error)
        if (doubted !== undefined) {
          out.at = start
          return { kind: 'needs schemas', ids: [doubted] }
        }
        badRecords.push({ offset: cursor.offset, fault: recordFaultOf(error), record: records.at(cursor.place) })
      }
    }
    skipped += until + 1 - expected
    for (const batch of unreadable) {
      // What was fetched again, to be compared with what is stored, is in quarantine already.
      if (batch.lastOffset < first || batch.baseOffset > until) continue
      const whole = badBatch(batch, first, until)
      skipped -= offsetsIn(whole)
      badRecords.push(whole)
    }
    this.#unusable.clear()
    this.#doubts = 0
    this.#who.forget()
    const page = { records, start, end: out.at, rows, suspects }
    return { kind: 'encoded', page, badRecords, last: until, skipped, lastPlace }
  }

  /** @throws as {@link SchemaBook.learn} */
  async learn(ids: readonly number[]): Promise<void> {
    await mapConcurrently(ids, asksAtOnce, async id => {
      if (this.#unusable.has(id)) return
      const schema = await this.#book.learn(this.#subject, this.#eventName, id)
      if (schema.kind === 'unusable') this.#unusable.set(id, schema)
    })
  }

  /** The ids of schemas that some records need and that are not known: the first of them. */
  #missing(records: Records, first: number): number[] {
    const missing = new Set<number>()
    for (const cursor = records.cursor(); missing.size < missingAtOnce && cursor.next(); ) {
      const { bytes, offset, keyStart, valueStart, valueEnd } = cursor
      if (offset < first || keyStart < 0 || valueStart < 0) continue
      try {
        const id = schemaIdWithin(bytes, valueStart, valueEnd)
        if (!missing.has(id) && !this.#find(id)) missing.add(id)
      } catch {
        // It is refused when its turn comes.
      }
    }
    return [...missing]
  }

  #encodeRecord(cursor: RecordBytes & HeaderBytes, out: CopyBuffer): number | undefined {
    this.#who.read(cursor.bytes, cursor.headersStart, cursor.headersEnd)
    return this.#encode(cursor, out)
  }

  /**
   * Writes the row of one record that is kept outside of its log, or names the schema that it needs first.
   * @throws BadRecordError with nothing written
   */
  encodeKept(record: RecordBytes, headers: readonly Header[], out: CopyBuffer): number | undefined {
    this.#who.take(headers)
    return this.#encode(record, out)
  }

  #encode({ bytes, keyStart, valueStart, valueEnd, offset }: RecordBytes, out: CopyBuffer): number | undefined {
    if (valueStart < 0) throw new BadRecordError('NULL_VALUE', 'the record has no value')
    if (keyStart < 0) throw new BadRecordError('NULL_KEY', 'the record has no key')
    if (valueEnd - valueStart > maxValueBytes) throw valueTooLarge(valueEnd - valueStart)
    const id = schemaIdOf(bytes, valueStart, valueEnd)
    const schema = this.#find(id)
    if (!schema) return id
    if (schema.kind === 'unusable') {
      const { code, reason, eventId } = schema.fault
      throw new BadRecordError(code, reason, eventId)
    }
    this.#origin.offset = offset
    schema.encode(bytes, valueStart, valueEnd, this.#origin, out)
    return undefined
  }

  /** The id of the schema that has to be asked for again, where the record may be right and what is known of it old. */
  #doubted(error: unknown): number | undefined {
    const last = this.#last
    if (!(error instanceof VersionMismatch) || !last || this.#doubts >= maxDoubts) return undefined
    if (!this.#book.doubt(this.#subject, last.id, error.found, last.schema)) return undefined
    this.#last = undefined
    this.#doubts += 1
    return last.id
  }

  // Nearly all records of a partition name the schema of the one before.
  #find(id: number): KnownSchema | UnusableSchema | undefined {
    if (this.#last?.id === id) return this.#last.schema
    const schema = this.#book.find(this.#subject, id) ?? this.#unusable.get(id)
    if (schema?.kind === 'known') this.#last = { id, schema }
    return schema
  }
}

/** Questions to the registry about the records of one partition. */
const asksAtOnce = 16
/** Schemas that are learnt before decoding is tried again: values may name any of two billion ids. */
const missingAtOnce = 1_000
const maxDoubts = 32

function schemaIdOf(bytes: Buffer, start: number, end: number): number {
  try {
    return schemaIdWithin(bytes, start, end)
  } catch (cause) {
    throw new BadRecordError('NOT_WIRE_FORMAT', cause instanceof SchemaError ? cause.message : 'no wire format')
  }
}

/** Why a record whose encoding threw is refused: whatever it was, it is this record's own fault. */
export function recordFaultOf(error: unknown): RecordFault {
  if (error instanceof BadRecordError) return error.fault
  return { code: 'DECODE_FAILED', reason: 'the value is no Avro of its schema' }
}

/** A batch of the log as one entry of the quarantine, with its bytes as they are in the log. */
function badBatch(batch: UnreadableBatch, first: number, last: number): BadRecord {
  const { baseOffset, lastOffset, code, reason, bytes: value, timestamp } = batch
  const offset = Math.max(baseOffset, first)
  const record = { offset, key: null, value, headers: [], timestamp }
  return { offset, lastOffset: Math.min(lastOffset, last), fault: { code, reason }, record }
}

/** Decodes, or finds that a batch which decompressed cannot be read: then nothing is left of what was written. */
export function encodeUnlessCorrupt(
  encoder: PageEncoder,
  portion: Portion,
  range: { readonly first: number; readonly last: number },
  out: CopyBuffer,
  careful: boolean
): EncodedPage | NeedsSchemas | 'corrupt' {
  const { at } = out
  try {
    return encoder.encodePage(portion, range, out)
  } catch (error) {
    out.at = at
    if (careful || !isCorrupt(error)) throw error
    return 'corrupt'
  }
}
