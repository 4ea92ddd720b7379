import { createRequire } from 'node:module'

/** A record with everything that Kafka's wire can hold and clients mostly cannot say. */
export interface RawRecordParts {
  readonly key?: Buffer | string | null
  readonly value?: Buffer | string | null
  /** In this order, with repeats; a name need not be UTF-8. */
  readonly headers?: readonly (readonly [name: Buffer | string, value: Buffer | string | null])[]
  /** Default: its place in the batch. */
  readonly offsetDelta?: number
  /** ms; default 0. */
  readonly timestampDelta?: bigint
}

export interface RawBatchParts {
  /** Or the bytes of the records as they have to be in the log, compressed or not. */
  readonly records: readonly RawRecordParts[] | Buffer
  /** Default: as many as there are records. */
  readonly count?: number
  /** Default: count - 1. */
  readonly lastOffsetDelta?: number
  /** Bits 0-2 are the codec: 1 gzip, 2 Snappy, 3 LZ4, 4 zstd. Default 0. */
  readonly attributes?: number
  /** ms since 1970, any 64 bits; default now. */
  readonly timestamp?: bigint
  readonly maxTimestamp?: bigint
  readonly producerId?: bigint
}

export const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

const crc32c = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number

/** A zigzag varint. */
export function varint(value: bigint | number): Buffer {
  const signed = BigInt.asIntN(64, BigInt(value))
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

const field = (bytes: Buffer | string | null | undefined): Buffer[] => {
  if (bytes === null || bytes === undefined) return [varint(-1)]
  const content = Buffer.from(bytes as string)
  return [varint(content.length), content]
}

/** One record of format v2, its length before it. */
export function rawRecord(record: RawRecordParts, place = 0): Buffer {
  const { key, value, headers = [], offsetDelta = place, timestampDelta = 0n } = record
  const parts = [Buffer.of(0), varint(timestampDelta), varint(offsetDelta), ...field(key), ...field(value)]
  parts.push(varint(headers.length))
  for (const [name, content] of headers) parts.push(...field(name), ...field(content))
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

/** The records of a batch one after the other, before any compression. */
export const rawRecords = (records: readonly RawRecordParts[]): Buffer => Buffer.concat(records.map(rawRecord))

/** A record batch of format v2 with the right checksum, whatever is in it. */
export function rawBatch(parts: RawBatchParts): Buffer {
  const { records, timestamp = BigInt(Date.now()), attributes = 0 } = parts
  const isBytes = Buffer.isBuffer(records)
  const bytes = isBytes ? records : rawRecords(records)
  const { count = isBytes ? 1 : records.length } = parts
  const batch = Buffer.alloc(61 + bytes.length)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(attributes, 21)
  batch.writeInt32BE(parts.lastOffsetDelta ?? count - 1, 23)
  batch.writeBigInt64BE(timestamp, 27)
  batch.writeBigInt64BE(parts.maxTimestamp ?? timestamp, 35)
  batch.writeBigInt64BE(parts.producerId ?? -1n, 43)
  batch.writeInt16BE(-1, 51)
  batch.writeInt32BE(-1, 53)
  batch.writeInt32BE(count, 57)
  bytes.copy(batch, 61)
  return sealed(batch)
}

/** Writes the right checksum into a batch that was changed. */
export function sealed(batch: Buffer): Buffer {
  // kafkajs's answer may be negative.
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
  return batch
}
