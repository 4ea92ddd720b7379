import { hash } from 'node:crypto'
import { ProofError } from './errors.ts'

/** The columns of row form 1 in their order: what is copied out of the trail to be hashed. */
export const rowColumns = [
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

/** The number of the row form, as entries name it. */
export const rowForm = 1
/** Bytes of a SHA-256. */
export const hashBytes = 32

/** A row as it is hashed. */
export interface ProofRow {
  /** A UUID in lower case, as `aggregateId`. */
  readonly id: string
  readonly aggregateId: string
  /** Microseconds since 1970-01-01 UTC. */
  readonly occurredAt: bigint
  readonly eventName: string
  /** Canonical JSON. */
  readonly payload: string
  readonly schemaVersion: number
  readonly source: string | null
  readonly actor: string | null
  readonly traceparent: string | null
  /** Null for rows of the in-process bus, as `offset`. */
  readonly partition: number | null
  readonly offset: bigint | null
}

// PostgreSQL counts from 2000-01-01.
const postgresEpoch = 946_684_800_000_000n
const jsonbVersion = 1

/**
 * Writes a row as binary COPY does.
 * @throws ProofError `ROW_INVALID` for values that no row has
 */
export function composeRow(row: ProofRow): Buffer {
  checkRow(row)
  const columns = [
    uuidBytes(row.id),
    uuidBytes(row.aggregateId),
    int64(row.occurredAt - postgresEpoch),
    Buffer.from(row.eventName),
    Buffer.concat([Buffer.of(jsonbVersion), Buffer.from(row.payload)]),
    int16(row.schemaVersion),
    textBytes(row.source),
    textBytes(row.actor),
    textBytes(row.traceparent),
    row.partition === null ? null : int32(row.partition),
    row.offset === null ? null : int64(row.offset)
  ]
  return Buffer.concat([
    int16(columns.length),
    ...columns.flatMap(column => (column ? [int32(column.length), column] : [int32(-1)]))
  ])
}

const uuidBytes = (text: string): Buffer => Buffer.from(text.replaceAll('-', ''), 'hex')
const textBytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

/**
 * Reads the row that begins at `start`, and finds where it ends.
 * @throws ProofError `ROW_INVALID`
 */
export function parseRow(bytes: Buffer, start = 0): { readonly row: ProofRow; readonly end: number } {
  const reader = new ColumnReader(bytes, start)
  const row = {
    id: uuidText(reader.fixed(16)),
    aggregateId: uuidText(reader.fixed(16)),
    occurredAt: reader.fixed(8).readBigInt64BE() + postgresEpoch,
    eventName: reader.text(),
    payload: reader.jsonb(),
    schemaVersion: reader.fixed(2).readInt16BE(),
    source: reader.textOrNull(),
    actor: reader.textOrNull(),
    traceparent: reader.textOrNull(),
    partition: reader.fixedOrNull(4)?.readInt32BE() ?? null,
    offset: reader.fixedOrNull(8)?.readBigInt64BE() ?? null
  }
  checkRow(row)
  return { row, end: reader.at }
}

// The `infinity` and `-infinity` of timestamptz.
const infinite = [2n ** 63n - 1n, -(2n ** 63n)]

/** What the types of the columns take and no row has. */
function checkRow({ occurredAt, schemaVersion, partition, offset }: ProofRow): void {
  const fault = infinite.includes(occurredAt - postgresEpoch)
    ? 'occurred_at is infinite'
    : schemaVersion < 0
      ? 'schema_version is negative'
      : (partition === null) !== (offset === null)
        ? 'one of kafka_partition and kafka_offset is null'
        : (partition ?? 0) < 0 || (offset ?? 0n) < 0n
          ? 'kafka_partition or kafka_offset is negative'
          : undefined
  if (fault) throw new ProofError('ROW_INVALID', `the bytes are no row: ${fault}`)
}

class ColumnReader {
  readonly #bytes: Buffer
  #columns = 0
  at: number

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes
    this.at = start
    if (this.#take(2).readInt16BE() !== rowColumns.length) this.#fail('the number of columns')
  }

  fixed(length: number): Buffer {
    return this.fixedOrNull(length) ?? this.#fail('a null')
  }

  fixedOrNull(length: number): Buffer | undefined {
    const column = this.#column()
    if (column && column.length !== length) this.#fail('the length')
    return column
  }

  text(): string {
    return this.textOrNull() ?? this.#fail('a null')
  }

  textOrNull(): string | null {
    return this.#column()?.toString() ?? null
  }

  jsonb(): string {
    const column = this.#column() ?? this.#fail('a null')
    if (column[0] !== jsonbVersion) this.#fail('the version of jsonb')
    return column.toString('utf8', 1)
  }

  #column(): Buffer | undefined {
    this.#columns += 1
    const length = this.#take(4).readInt32BE()
    return length === -1 ? undefined : this.#take(length)
  }

  #take(length: number): Buffer {
    const start = this.at
    if (!(length >= 0 && start + length <= this.#bytes.length)) this.#fail('the length')
    this.at = start + length
    return this.#bytes.subarray(start, this.at)
  }

  #fail(what: string): never {
    const column = rowColumns[this.#columns - 1]
    throw new ProofError('ROW_INVALID', `the bytes are no row: ${what}${column ? ` of ${column}` : ''} is wrong`)
  }
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The leaf of one row. Its first byte, 0, is the prefix that RFC 6962 gives to leaves. */
export const leafOf = (row: Uint8Array): Buffer => hash('sha256', row, 'buffer')

/** The leaf as a text of a byte a letter, which costs half of what bytes do. */
export const leafLetters = (row: Uint8Array): string => hash('sha256', row, 'binary')

/**
 * The leaves of rows that follow each other, 32 bytes each. A page after the page is encoded costs two thirds of what
 * hashing each row after its encoding does, and text of a byte a letter half of `buffer` (decision 0077).
 * @param start where the first row begins
 * @param ends where each row ends
 */
export function leavesOf(rows: Buffer, start: number, ends: ArrayLike<number>): Buffer {
  const leaves = Buffer.allocUnsafe(ends.length * hashBytes)
  let from = start
  for (let index = 0; index < ends.length; index += 1) {
    const end = ends[index] as number
    leaves.write(leafLetters(rows.subarray(from, end)), index * hashBytes, 'latin1')
    from = end
  }
  return leaves
}
