import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'

const { CompressionCodecs, CompressionTypes } = kafkajs

// kafkajs has gzip alone.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) => zlib.zstdCompressSync(buffer),
  decompress: async (bytes: Buffer) => zlib.zstdDecompressSync(bytes)
})

/** What kafkajs's encoder takes for a record. */
export interface EncodedRecord {
  readonly offsetDelta?: number
  readonly timestampDelta?: number
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: Readonly<Record<string, Buffer | readonly Buffer[]>>
}

export interface EncodedBatch {
  readonly firstOffset: number
  /** Default: that of the last record. */
  readonly lastOffset?: number
  readonly firstTimestamp?: number
  readonly maxTimestamp?: number
  /** One of `CompressionTypes`. */
  readonly compression?: number
  readonly producerId?: number
  readonly transactional?: boolean
  /** Makes it a control batch. */
  readonly control?: 'ABORT' | 'COMMIT'
  readonly logAppendTime?: boolean
  readonly records?: readonly EncodedRecord[]
}

interface Encoder {
  readonly buffer: Buffer
  writeInt16(value: number): Encoder
  writeInt32(value: number): Encoder
  writeInt64(value: unknown): Encoder
  writeString(value: string): Encoder
  writeBytes(value: Buffer): Encoder
}

const require = createRequire(import.meta.url)
const KafkaEncoder = require('kafkajs/src/protocol/encoder') as new () => Encoder
const Long = require('kafkajs/src/utils/long') as { fromNumber(value: number): unknown }
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: object): Promise<Encoder>
}

const markerTypes = { ABORT: 0, COMMIT: 1 }

/** A record batch as a broker stores it, from kafkajs's encoder and with what that has no words for. */
export async function encodeBatch(batch: EncodedBatch): Promise<Buffer> {
  const { firstOffset, control, transactional = control !== undefined } = batch
  const marker = control && { key: Buffer.from([0, 0, 0, markerTypes[control]]), value: Buffer.alloc(6) }
  const records: readonly EncodedRecord[] = batch.records ?? (marker ? [marker] : [])
  const lastOffset = batch.lastOffset ?? firstOffset + Math.max(0, ...records.map((each, i) => each.offsetDelta ?? i))
  const { buffer } = await RecordBatch({
    compression: batch.compression ?? CompressionTypes.None,
    firstOffset: Long.fromNumber(firstOffset),
    lastOffsetDelta: lastOffset - firstOffset,
    firstTimestamp: Long.fromNumber(batch.firstTimestamp ?? 0),
    maxTimestamp: Long.fromNumber(batch.maxTimestamp ?? 0),
    producerId: Long.fromNumber(batch.producerId ?? -1),
    transactional,
    records: records.map(({ key = null, value = null, ...record }, index) =>
      encodeRecord({
        offsetDelta: index,
        ...record,
        timestampDelta: Long.fromNumber(record.timestampDelta ?? 0),
        key,
        value
      })
    )
  })
  const flags = (control ? 0x20 : 0) | (batch.logAppendTime ? 0x08 : 0)
  buffer.writeInt16BE(buffer.readInt16BE(21) | flags, 21)
  return buffer
}

export interface EncodedPartition {
  readonly partition: number
  /** Default 0, no error. */
  readonly errorCode?: number
  readonly highWatermark?: number
  readonly aborted?: readonly { readonly producerId: number; readonly firstOffset: number }[]
  readonly recordSet: Buffer
}

/** A Fetch response of version 11 with one topic. */
export function encodeFetchResponse(topic: string, partitions: readonly EncodedPartition[]): Buffer {
  const encoder = new KafkaEncoder().writeInt32(7).writeInt16(0).writeInt32(0).writeInt32(1).writeString(topic)
  encoder.writeInt32(partitions.length)
  for (const { partition, errorCode = 0, highWatermark = 0, aborted, recordSet } of partitions) {
    encoder.writeInt32(partition).writeInt16(errorCode).writeInt64(Long.fromNumber(highWatermark))
    encoder.writeInt64(Long.fromNumber(highWatermark)).writeInt64(Long.fromNumber(0))
    encoder.writeInt32(aborted ? aborted.length : -1)
    for (const { producerId, firstOffset } of aborted ?? [])
      encoder.writeInt64(Long.fromNumber(producerId)).writeInt64(Long.fromNumber(firstOffset))
    encoder.writeInt32(-1).writeBytes(recordSet)
  }
  return encoder.buffer
}
