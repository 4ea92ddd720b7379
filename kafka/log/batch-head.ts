import { KafkaError } from '../errors.ts'
import type { PackedBatch } from './packed-records.ts'

/** The head of a record batch ("Record Batch" in Kafka's documentation). */
export interface BatchHead extends PackedBatch {
  readonly producerId: bigint
  readonly isTransactional: boolean
  readonly isControl: boolean
}

const attribute = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 }
const offsetAndLength = 12
const headLength = 61
const oldHeadLength = 26
const magicAt = 16
const formatV2 = 2

/**
 * The head of the batch that begins at `at`, where `expected` is the first offset that may be in it; undefined where no
 * whole batch follows.
 * @throws KafkaError `RECORDS_CORRUPT`, `KAFKA_UNSUPPORTED` where it does not even say where it ends
 */
export function readHead(bytes: Buffer, at: number, expected: number): BatchHead | undefined {
  if (at + magicAt >= bytes.length) return undefined
  const magic = bytes.readInt8(at + magicAt)
  const baseOffset = Number(bytes.readBigInt64BE(at))
  const end = at + offsetAndLength + bytes.readInt32BE(at + 8)
  if (magic < 0 || magic > formatV2)
    throw new KafkaError(
      'KAFKA_UNSUPPORTED',
      `the batch at offset ${baseOffset} has the format ${magic}, which is not known`
    )
  if (end - at < (magic === formatV2 ? headLength : oldHeadLength))
    throw new KafkaError('RECORDS_CORRUPT', `the batch at offset ${baseOffset} is too short`)
  if (end > bytes.length) return undefined
  if (baseOffset < 0) throw new KafkaError('RECORDS_CORRUPT', `a batch has the offset ${baseOffset}`)
  return magic === formatV2 ? headOf(bytes, at, end, baseOffset) : oldHeadOf(bytes, at, end, baseOffset, expected)
}

function headOf(bytes: Buffer, at: number, end: number, baseOffset: number): BatchHead {
  const attributes = bytes.readInt16BE(at + 21)
  const lastOffsetDelta = bytes.readInt32BE(at + 23)
  const count = bytes.readInt32BE(at + 57)
  const isSound = lastOffsetDelta >= 0 && count >= 0
  return {
    bytes,
    at,
    start: at + headLength,
    end,
    baseOffset,
    lastOffset: baseOffset + Math.max(lastOffsetDelta, 0),
    count,
    codec: attributes & attribute.codec,
    ...(!isSound && { fault: `the batch at offset ${baseOffset} has numbers below zero in its head` }),
    baseTimestamp: Number(bytes.readBigInt64BE(at + 27)),
    appendedAt: attributes & attribute.logAppendTime ? Number(bytes.readBigInt64BE(at + 35)) : undefined,
    producerId: bytes.readBigInt64BE(at + 43),
    isTransactional: (attributes & attribute.transactional) !== 0,
    isControl: (attributes & attribute.control) !== 0
  }
}

/** A message of the formats from before Kafka 0.11, or several that are compressed as one: then it has the last offset. */
function oldHeadOf(bytes: Buffer, at: number, end: number, offset: number, expected: number): BatchHead {
  const compressed = ((bytes[at + magicAt + 1] as number) & attribute.codec) !== 0
  const hasTime = bytes[at + magicAt] === 1 && end - at >= magicAt + 2 + 8
  return {
    bytes,
    at,
    start: end,
    end,
    baseOffset: compressed ? Math.min(expected, offset) : offset,
    lastOffset: offset,
    count: 1,
    codec: 0,
    fault: `the records at offset ${offset} are in a format from before Kafka 0.11: copy them to a new topic`,
    baseTimestamp: hasTime ? Number(bytes.readBigInt64BE(at + magicAt + 2)) : 0,
    appendedAt: undefined,
    producerId: -1n,
    isTransactional: false,
    isControl: false
  }
}
