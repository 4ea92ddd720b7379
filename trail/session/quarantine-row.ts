import type { KafkaRecord } from '../../kafka/index.ts'
import { quarantineDigest } from '../../proof/index.ts'
import type { RecordFault } from '../errors.ts'
import { digestOf, jsonbVersion, postgresEpoch, uuidLength } from '../rows/index.ts'
import type { BadRecord, Chunk } from '../types.ts'

/** The columns of the quarantine that are copied, in this order; the group comes before them. */
export const quarantineColumns = [
  'topic',
  'partition',
  'incarnation',
  'kafka_offset',
  'kafka_last_offset',
  'kafka_timestamp',
  'key',
  'value',
  'headers',
  'code',
  'reason',
  'event_id',
  'digest'
] as const

/** What is not stored, and why, with the columns under which it is kept. */
export interface QuarantineRow extends BadRecord {
  readonly chunk: Chunk
  /** Null where the column is null. */
  readonly columns: readonly (Buffer | null)[]
  /** Of what is kept: it proves the entry after its bytes were purged. */
  readonly digest: Buffer
}

/** Bytes of a key or a value that are kept at most. */
export const mostKeptBytes: number = 64 * 1024 * 1024
/** Headers that are kept at most, and bytes of them; of more only the number is kept. */
const mostHeaders = 1_000
const mostHeaderBytes = 256 * 1024
/** 9999-12-31T23:59:59.999Z. */
const lastTime = 253_402_300_799_999

/**
 * Makes the columns under which a bad record is kept. Whatever Kafka can hold can be kept: what cannot, for a reason
 * that is not known yet, is kept without its bytes. Never throws.
 * @param record made only here, so that one that cannot be read ends nothing
 */
export function quarantineRowOf(
  chunk: Chunk,
  bad: Omit<BadRecord, 'record'>,
  record: () => KafkaRecord
): QuarantineRow {
  let whole: BadRecord | undefined
  try {
    whole = { ...bad, record: record() }
    const withinBounds = Math.max(whole.record.value?.length ?? 0, whole.record.key?.length ?? 0) <= mostKeptBytes
    return withinBounds
      ? rowOf(chunk, bounded(whole))
      : rowWithoutBytes(chunk, whole, `more than ${mostKeptBytes} bytes`)
  } catch {
    return rowWithoutBytes(chunk, whole ?? bad, 'they cannot be put into columns')
  }
}

/** The same without anything of the record but where it was and the digest of its value. */
export function rowWithoutBytes(
  chunk: Chunk,
  bad: Omit<BadRecord, 'record'> & { record?: KafkaRecord },
  why: string
): QuarantineRow {
  const { fault, record } = bad
  const value = record?.value
  const kept = value ? `, its value has ${value.length} bytes and the SHA-256 ${digestOf(value).toString('hex')}` : ''
  return rowOf(chunk, {
    ...bad,
    fault: {
      code: 'UNKEEPABLE',
      reason: `${fault.code}, and its bytes are not kept: ${why}${kept}`,
      ...(fault.eventId !== undefined && { eventId: fault.eventId })
    },
    record: { offset: bad.offset, key: null, value: null, headers: [], timestamp: record?.timestamp ?? 0 }
  })
}

/** Leaves out headers that are too many or too large, and says how many there were. */
function bounded(bad: BadRecord): BadRecord {
  const { record, fault } = bad
  const { headers, headersLeftOut: leftOut } = record
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0)
  if (leftOut === undefined && headers.length <= mostHeaders && bytes <= mostHeaderBytes) return bad
  const reason = `${fault.reason}; its ${leftOut ?? headers.length} headers are not kept: more than ${mostHeaders} or ${mostHeaderBytes} bytes`
  return { ...bad, record: { ...record, headers: [] }, fault: { ...fault, reason } }
}

function rowOf(chunk: Chunk, bad: BadRecord): QuarantineRow {
  const { offset, lastOffset, record, fault } = bad
  const headers = headerList(record)
  const { key, value } = record
  const digest = quarantineDigest({
    timestamp: keptTime(record.timestamp),
    key,
    value,
    headers: JSON.stringify(headers.map(header => [header.key, header.value]))
  })
  const columns = [
    text(chunk.topic),
    int32(chunk.partition),
    int32(chunk.incarnation),
    int64(offset),
    lastOffset === undefined ? null : int64(lastOffset),
    int64(keptTime(record.timestamp) * 1000n - BigInt(postgresEpoch)),
    key,
    value,
    jsonb(headers),
    text(fault.code),
    text(fault.reason),
    uuidOf(fault),
    digest
  ]
  return { ...bad, chunk, columns, digest }
}

const headerList = ({ headers }: KafkaRecord): { key: string; value: string | null }[] =>
  // Postgres refuses U+0000 in JSON, and a header's name may be any text.
  headers.map(([name, value]) => ({ key: printable(name), value: value?.toString('base64') ?? null }))

const printable = (words: string): string => words.replaceAll('\u0000', '\ufffd').toWellFormed()
const text = (words: string): Buffer => Buffer.from(printable(words))
const jsonb = (value: unknown): Buffer => Buffer.concat([Buffer.of(jsonbVersion), Buffer.from(JSON.stringify(value))])

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number | bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

/** ms since 1970 of any size, as a time from 1970 to 9999: some producers write other units. */
const keptTime = (ms: number): bigint => BigInt(Math.trunc(Math.min(Math.max(0, ms), lastTime)) || 0)

function uuidOf({ eventId }: RecordFault): Buffer | null {
  if (eventId === undefined) return null
  const bytes = Buffer.from(eventId.replaceAll('-', ''), 'hex')
  if (bytes.length !== uuidLength) throw new TypeError('the id of an event is no UUID')
  return bytes
}

/** The bytes of entries for COPY: those of a large value are written as they are in memory. */
export function* quarantineBytes(group: string, rows: readonly QuarantineRow[]): Generator<Buffer> {
  const groupColumn = text(group)
  let small: Buffer[] = []
  for (const { columns } of rows) {
    small.push(int16(columns.length + 1))
    for (const column of [groupColumn, ...columns]) {
      small.push(int32(column === null ? -1 : column.length))
      if (column === null) continue
      if (column.length < largeBytes) small.push(column)
      else {
        yield Buffer.concat(small)
        yield column
        small = []
      }
    }
    if (small.length < manyPieces) continue
    yield Buffer.concat(small)
    small = []
  }
  yield Buffer.concat(small)
}

const largeBytes = 64 * 1024
const manyPieces = 4_096

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}
