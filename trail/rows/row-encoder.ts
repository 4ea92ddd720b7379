import { AvroType, compileReader, whoNames } from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'
import { AvroCursor } from './avro-cursor.ts'
import { type CopyBuffer, maxRowBytes, rowTooLarge } from './copy-buffer.ts'
import {
  copyColumns,
  idEnd,
  jsonbVersion,
  lastSmallint,
  postgresEpoch,
  readRowId,
  refusedByPostgres,
  requireOccurredAt
} from './copy-row.ts'
import { compileTranscode } from './transcode.ts'
import { parseUuid, uuidLength, uuidTextLength } from './uuid.ts'
import { WhoHeaders } from './who-headers.ts'

type RecordField = Extract<AvroType['node'], { readonly kind: 'record' }>['fields'][number]

/** Where a record is in Kafka, and who caused its event. */
export interface Origin {
  readonly partition: number
  readonly offset: number
  /** Default: its headers say nothing of that. */
  readonly who?: WhoHeaders
}

/**
 * Writes the row of the value (in the registry's wire format) at `start` to `end` after what the buffer
 * holds, as a row of binary COPY.
 * @throws BadRecordError, with nothing written
 */
export type RowEncoder = (bytes: Buffer, start: number, end: number, origin: Origin, out: CopyBuffer) => void

const headerBytes = 5
const noWho = new WhoHeaders()

const canonicalFields = ['id', 'aggregate_id', 'occurred_at', 'event_name', 'payload', 'schema_version']

/**
 * Compiles the way from a value to its row: from Avro bytes to COPY bytes, with nothing decoded in between. An envelope
 * whose fields are in another order than ours is put into our order first.
 * @param versions the numbers that the schema has or had in its subject: what a record may say, and what is stored
 */
export function compileRowEncoder(type: AvroType, eventName: string, versions: readonly number[]): RowEncoder {
  const fields = type.node.kind === 'record' ? type.node.fields : []
  const encode = canonicalEncoder(type, eventName, versions)
  const canonical =
    fields.length === canonicalFields.length && fields.every(({ name }, i) => name === canonicalFields[i])
  return canonical ? encode : reordering(fields, encode)
}

/** Finds where each field is by reading all of them, and hands the envelope on in canonical order. */
function reordering(fields: readonly RecordField[], encode: RowEncoder): RowEncoder {
  const cursor = new AvroCursor()
  const readers = fields.map(({ name, type }) => ({
    place: canonicalFields.indexOf(name),
    read: compileReader(type).read
  }))
  return (bytes, start, end, origin, out) => {
    cursor.set(bytes, start + headerBytes, end)
    const parts = [bytes.subarray(start, start + headerBytes)]
    for (const { place, read } of readers) {
      const from = cursor.at
      read(cursor)
      if (place >= 0) parts[place + 1] = bytes.subarray(from, cursor.at)
    }
    if (cursor.at !== cursor.end) throw leftOver()
    const canonical = Buffer.concat(parts)
    encode(canonical, 0, canonical.length, origin, out)
  }
}

// Where the columns of fixed size are in a row; each follows the 4 bytes of its length.
const idAt = idEnd - uuidLength
const aggregateIdAt = idEnd + 4
const occurredAtAt = aggregateIdAt + uuidLength + 4
const nameAt = occurredAtAt + 8 + 4

function canonicalEncoder(type: AvroType, eventName: string, versions: readonly number[]): RowEncoder {
  const cursor = new AvroCursor()
  const writePayload = compileTranscode(payloadOf(type))
  const name = Buffer.from(eventName)
  const head = rowHead(name)
  const tails = new Map(versions.map(version => [version, rowTail(version)]))
  let [version] = versions
  let tail = rowTail(version ?? 0)

  const write = ({ partition, offset, who = noWho }: Origin, out: CopyBuffer): void => {
    const start = out.at
    // All that is the same in every row goes in at once; what differs is then written over it.
    out.raw(head)
    const payloadAt = out.at
    // A fault names the event once its id is there: until then nothing counts as written.
    out.at = start
    if (!readUuid(cursor, out.bytes, start + idAt)) throw new BadRecordError('ID_INVALID', 'id is not a UUID')
    out.at = payloadAt
    if (!readUuid(cursor, out.bytes, start + aggregateIdAt)) {
      throw new BadRecordError('AGGREGATE_ID_INVALID', 'aggregate_id is not a UUID')
    }
    readTimestamp(cursor, out.bytes, start + occurredAtAt)
    if (!readName(cursor, name)) throw nameMismatch(eventName)
    writePayload(cursor, out)
    if (out.at - payloadAt > maxRowBytes) throw rowTooLarge()
    writeInt32(out.bytes, out.at - payloadAt + 1, payloadAt - 5)
    const found = cursor.count()
    if (found !== version) {
      const other = tails.get(found)
      if (!other) throw new VersionMismatch(found, versions)
      version = found
      tail = other
    }
    if (cursor.at !== cursor.end) throw leftOver()
    if (found > lastSmallint) throw versionTooLarge()
    if (who.isEmpty) out.raw(tail.whole)
    else {
      out.raw(tail.version)
      who.write(out)
      out.raw(tail.place)
    }
    writeInt32(out.bytes, partition, out.at - 16)
    writeInt64(out.bytes, offset, out.at - 8)
  }

  return (bytes, start, end, origin, out) => {
    const row = out.at
    out.rowAt = row
    cursor.set(bytes, start + headerBytes, end)
    try {
      write(origin, out)
    } catch (error) {
      const id = out.at > row ? readRowId(out.bytes, row) : undefined
      out.at = row
      throw id !== undefined && error instanceof BadRecordError ? naming(error, id) : error
    }
  }
}

/** A row up to its JSON text, with gaps for what differs between rows. */
function rowHead(name: Buffer): Buffer {
  const head = Buffer.alloc(nameAt + name.length + 4 + 1)
  head.writeInt16BE(copyColumns.length)
  head.writeInt32BE(uuidLength, idAt - 4)
  head.writeInt32BE(uuidLength, aggregateIdAt - 4)
  head.writeInt32BE(8, occurredAtAt - 4)
  head.writeInt32BE(name.length, nameAt - 4)
  name.copy(head, nameAt)
  head.writeUInt8(jsonbVersion, head.length - 1)
  return head
}

const nulls: Buffer = Buffer.alloc(4 * whoNames.length, 0xff)

/** A row from its schema_version on, with gaps for partition (4 bytes) and offset (8 bytes). */
function rowTail(version: number): { readonly version: Buffer; readonly place: Buffer; readonly whole: Buffer } {
  const column = Buffer.alloc(4 + 2)
  column.writeInt32BE(2)
  if (version <= lastSmallint) column.writeInt16BE(version, 4)
  const place = Buffer.alloc(4 + 4 + 4 + 8)
  place.writeInt32BE(4)
  place.writeInt32BE(8, 8)
  // For a record that says nothing of who caused it.
  return { version: column, place, whole: Buffer.concat([column, nulls, place]) }
}

const leftOver = () => new BadRecordError('DECODE_FAILED', 'bytes are left over after the envelope')
const nameMismatch = (eventName: string) =>
  new BadRecordError('EVENT_NAME_MISMATCH', `event_name is not that of the topic, ${eventName}`)
/** A record says a version that its schema is not known to have. */
export class VersionMismatch extends BadRecordError {
  readonly found: number
  readonly versions: readonly number[]
  constructor(found: number, versions: readonly number[], eventId?: string) {
    super('SCHEMA_VERSION_MISMATCH', `schema_version is ${found}, the registry says ${versions.join(', ')}`, eventId)
    this.found = found
    this.versions = versions
  }
}

// What Postgres says to such a number as text (numeric_value_out_of_range); in two bytes it would be another one.
const versionTooLarge = () => new BadRecordError('POSTGRES_REFUSED', refusedByPostgres('22003'))

/** The same fault, naming the event. */
function naming(refused: BadRecordError, id: string): BadRecordError {
  if (refused instanceof VersionMismatch) return new VersionMismatch(refused.found, refused.versions, id)
  return new BadRecordError(refused.fault.code, refused.fault.reason, id)
}

/** The type of an envelope's payload. */
export function payloadOf({ node }: AvroType): AvroType {
  const payload = node.kind === 'record' ? node.fields.find(({ name }) => name === 'payload') : undefined
  if (!payload) throw new TypeError('an envelope without a payload passed the check')
  return new AvroType(payload.type)
}

/** Reads the text of a UUID and writes its bytes; false when it is none. */
function readUuid(cursor: AvroCursor, target: Buffer, at: number): boolean {
  const length = cursor.count()
  const start = cursor.take(length)
  return length === uuidTextLength && parseUuid(cursor.bytes, start, target, at)
}

function readTimestamp(cursor: AvroCursor, target: Buffer, at: number): void {
  const micros = cursor.small()
  // Past 2^52 microseconds (the year 2112) and where it is refused: exactly, and slowly.
  if (micros === undefined || micros < 0) {
    const exact = micros === undefined ? cursor.large() : BigInt(micros)
    requireOccurredAt(exact)
    target.writeBigInt64BE(exact - BigInt(postgresEpoch), at)
  } else writeInt64(target, micros - postgresEpoch, at)
}

function readName(cursor: AvroCursor, name: Buffer): boolean {
  const length = cursor.count()
  const start = cursor.take(length)
  if (length !== name.length) return false
  const { bytes } = cursor
  for (let index = 0; index < length; index += 1) if (bytes[start + index] !== name[index]) return false
  return true
}

function writeInt32(target: Buffer, value: number, at: number): void {
  target[at] = value >> 24
  target[at + 1] = value >> 16
  target[at + 2] = value >> 8
  target[at + 3] = value
}

/** A whole number of up to 53 bits as 64 bits. */
function writeInt64(target: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  writeInt32(target, high, at)
  writeInt32(target, value - high * 0x1_0000_0000, at + 4)
}
