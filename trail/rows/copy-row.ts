import { isOccurredAt } from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'
import { uuidLength, uuidText } from './uuid.ts'

/** The columns of the trail that are copied, in this order. */
export const copyColumns = [
  'id',
  'aggregate_id',
  'occurred_at',
  'event_name',
  'payload',
  'schema_version',
  'source',
  'actor',
  'traceparent',
  'kafka_partition',
  'kafka_offset'
] as const

/** What a row of COPY holds. */
export interface TrailRow {
  /** A UUID in lower case, as `aggregateId`. */
  readonly id: string
  readonly aggregateId: string
  /** Microseconds since 1970-01-01 UTC. */
  readonly occurredAt: bigint
  readonly eventName: string
  /** JSON text. */
  readonly payload: string
  readonly schemaVersion: number
  /** Who caused it, as far as the headers of its record say so in a way that is allowed. */
  readonly source: string | null
  readonly actor: string | null
  readonly traceparent: string | null
  readonly partition: number
  readonly offset: number
}

/** What COPY's bytes begin with: signature, no flags, no extension (PostgreSQL, COPY, "Binary Format"). */
export const copyHeader: Buffer = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
/** What they end with: a count of columns that no row has. */
export const copyTrailer: Buffer = Buffer.from([0xff, 0xff])

/** Microseconds from 1970, where our times begin, to 2000, where those of Postgres do. */
export const postgresEpoch = 946_684_800_000_000
/** What a jsonb begins with: the version of its binary form (`jsonb_recv`). JSON text follows. */
export const jsonbVersion = 1
/** The greatest smallint: what `schema_version` can be. */
export const lastSmallint = 32_767

const countBytes = 2
const lengthBytes = 4
const idAt = countBytes + lengthBytes
const arrayHead = 20
const uuidOid = 2950
/** Where the id of a row ends, in bytes from its start. */
export const idEnd: number = idAt + uuidLength
// After id, aggregate_id and occurred_at, which have the same size in all rows.
const variableAt = idEnd + lengthBytes + uuidLength + lengthBytes + 8

function lengthOf(column: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes)
  length.writeInt32BE(column.length)
  return length
}

/** Reads a row: what is rare (a duplicate, a bad row) pays for it, not every row. */
export function readRow(bytes: Buffer, start: number, end: number): TrailRow {
  if (rowEnd(bytes, start) !== end) throw new TypeError('the bytes are no row of COPY')
  const eventNameAt = start + variableAt + lengthBytes
  const payloadAt = columnEnd(bytes, start + variableAt) + lengthBytes
  const payloadEnd = columnEnd(bytes, payloadAt - lengthBytes)
  const sourceAt = columnEnd(bytes, payloadEnd)
  const actorAt = columnEnd(bytes, sourceAt)
  const traceparentAt = columnEnd(bytes, actorAt)
  return {
    id: readRowId(bytes, start),
    aggregateId: uuidText(bytes, start + idEnd + lengthBytes),
    occurredAt: bytes.readBigInt64BE(start + variableAt - 8) + BigInt(postgresEpoch),
    eventName: bytes.toString('utf8', eventNameAt, payloadAt - lengthBytes),
    payload: bytes.toString('utf8', payloadAt + 1, payloadEnd),
    schemaVersion: bytes.readInt16BE(payloadEnd + lengthBytes),
    source: textAt(bytes, sourceAt),
    actor: textAt(bytes, actorAt),
    traceparent: textAt(bytes, traceparentAt),
    partition: bytes.readInt32BE(end - 16),
    offset: offsetOfRow(bytes, end)
  }
}

/** The id of the row that begins at `start`, as 16 letters of a byte each: for maps, and quickly made. */
export const rowIdKey = (bytes: Buffer, start: number): string =>
  bytes.toString('latin1', start + idAt, start + idAt + uuidLength)

/** The first 48 bits of the id of the row that begins at `start`: of a UUIDv7 the ms since 1970. */
export const idTimeOf = (bytes: Buffer, start: number): number => bytes.readUIntBE(start + idAt, 6)

/** Writes a uuid[] in the binary form in which Postgres takes parameters (`array_recv`): the ids of rows, in their order. */
export function rowIdArray(
  rows: readonly { readonly buffer: { readonly bytes: Buffer }; readonly start: number }[]
): Buffer {
  const array = Buffer.allocUnsafe(arrayHead + rows.length * (lengthBytes + uuidLength))
  // One dimension, no nulls, the type of its elements, how many, and the number of the first.
  for (const [index, value] of [1, 0, uuidOid, rows.length, 1].entries()) array.writeInt32BE(value, index * 4)
  let at = arrayHead
  for (const { buffer, start } of rows) {
    // A row has its id as the array has it: after its length.
    array.set(buffer.bytes.subarray(start + countBytes, start + idAt + uuidLength), at)
    at += lengthBytes + uuidLength
  }
  return array
}

/** The id of the row that begins at `start`. */
export const readRowId = (bytes: Buffer, start: number): string => uuidText(bytes, start + idAt)

/** The event name of the row that begins at `start`. */
export const eventNameOfRow = (bytes: Buffer, start: number): string =>
  bytes.toString('utf8', start + variableAt + lengthBytes, columnEnd(bytes, start + variableAt))

/** Where the row that begins at `start` ends. */
export function rowEnd(bytes: Buffer, start: number): number {
  let at = start + countBytes
  for (let column = 0; column < copyColumns.length; column += 1) at = columnEnd(bytes, at)
  return at
}

/** The row with an empty payload: it meets the same table, index and checks of its other columns. */
export function withoutPayload(bytes: Buffer, start: number, end: number): Buffer {
  const payloadAt = columnEnd(bytes, start + variableAt)
  const payload = Buffer.from([jsonbVersion, ...Buffer.from('{}')])
  const length = lengthOf(payload)
  return Buffer.concat([
    bytes.subarray(start, payloadAt),
    length,
    payload,
    bytes.subarray(columnEnd(bytes, payloadAt), end)
  ])
}

/** The Kafka offset of the row that ends at `end`: its last column. */
export const offsetOfRow = (bytes: Buffer, end: number): number => Number(bytes.readBigInt64BE(end - 8))

// A column begins with its length, which is -1 for null.
const columnEnd = (bytes: Buffer, at: number): number => at + lengthBytes + Math.max(0, bytes.readInt32BE(at))

/** The text of the column at `at`, null where it is null. */
const textAt = (bytes: Buffer, at: number): string | null =>
  bytes.readInt32BE(at) < 0 ? null : bytes.toString('utf8', at + lengthBytes, columnEnd(bytes, at))

/** @throws BadRecordError `OCCURRED_AT_OUT_OF_RANGE` when the microseconds are outside of 1970 to 9999. */
export function requireOccurredAt(micros: bigint): void {
  if (isOccurredAt(micros)) return
  throw new BadRecordError(
    'OCCURRED_AT_OUT_OF_RANGE',
    'occurred_at is before 1970 or after 9999: are these microseconds?'
  )
}

/**
 * Microseconds since 1970 as a timestamp that Postgres reads.
 * @throws BadRecordError as {@link requireOccurredAt}
 */
export function timestampText(micros: bigint): string {
  requireOccurredAt(micros)
  const iso = new Date(Number(micros / 1000n)).toISOString()
  return `${iso.slice(0, 23)}${String(micros % 1000n).padStart(3, '0')}+00`
}

/** Why a row is in quarantine that Postgres would not take. */
export const refusedByPostgres = (sqlState: string): string => `Postgres refuses the row (SQLSTATE ${sqlState})`
