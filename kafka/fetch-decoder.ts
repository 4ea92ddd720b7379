import { createRequire } from 'node:module'
import { KafkaError } from './errors.ts'
import { Records, type StoredBatch } from './records.ts'

/** Spoken since Kafka 2.3 and still in 4.x; the highest one that kafkajs knows. */
export const fetchVersion = 11

interface Codec {
  decompress(bytes: Buffer): Promise<Buffer>
}

// kafkajs keeps its codecs there, those of the program and ours among them (compression/register.ts).
const { lookupCodecByAttributes } = createRequire(import.meta.url)('kafkajs/src/protocol/message/compression') as {
  lookupCodecByAttributes(attributes: number): Codec | null
}

/** All that a fetch returned of one partition, in the form of one message: kafkajs moves on by its offset. */
export class FetchedRecords {
  /** The last one that was fetched; records that nobody may see and offsets without a record count as well. */
  readonly offset: string
  readonly firstOffset: number
  /** Without control records and those of aborted transactions. */
  readonly batches: readonly StoredBatch[]
  readonly isControlRecord = false

  constructor(firstOffset: number, lastOffset: number, batches: readonly StoredBatch[]) {
    this.firstOffset = firstOffset
    this.offset = String(lastOffset)
    this.batches = batches
  }
}

/** In kafkajs's words, for what it does next with it. */
export interface FetchResponse {
  readonly throttleTime: 0
  readonly clientSideThrottleTime: number
  readonly errorCode: number
  readonly sessionId: number
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[]
}

export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: string
  readonly lastStableOffset: string
  readonly lastStartOffset: string
  /** None: they are left out already. */
  readonly abortedTransactions: readonly never[]
  readonly preferredReadReplica: number
  /** One at most. */
  readonly messages: readonly FetchedRecords[]
}

/** Where the records of an aborted transaction begin; the producer's ABORT marker ends it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/**
 * Decodes a Fetch response, version {@link fetchVersion} ("Fetch API" in Kafka's protocol guide), down to record batches.
 * @throws KafkaError `RECORDS_CORRUPT`, `KAFKA_UNSUPPORTED`; RangeError when the response itself is cut short
 */
export async function decodeFetchResponse(payload: Buffer): Promise<FetchResponse> {
  const reader = new ResponseReader(payload)
  const clientSideThrottleTime = reader.int32()
  const errorCode = reader.int16()
  const sessionId = reader.int32()
  const responses: { topicName: string; partitions: FetchedPartition[] }[] = []
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topicName = reader.string()
    const partitions: FetchedPartition[] = []
    for (let left = reader.int32(); left > 0; left -= 1) partitions.push(await readPartition(reader, topicName))
    responses.push({ topicName, partitions })
  }
  // The broker expects the client to keep to the throttle time by itself (KIP-219).
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

async function readPartition(reader: ResponseReader, topic: string): Promise<FetchedPartition> {
  const partition = reader.int32()
  const head = {
    partition,
    errorCode: reader.int16(),
    highWatermark: String(reader.int64()),
    lastStableOffset: String(reader.int64()),
    lastStartOffset: String(reader.int64())
  }
  const aborted: AbortedTransaction[] = []
  for (let left = reader.int32(); left > 0; left -= 1)
    aborted.push({ producerId: reader.int64(), firstOffset: Number(reader.int64()) })
  const preferredReadReplica = reader.int32()
  const recordSet = reader.bytes()
  const records = await readRecordSet(recordSet, aborted, `${topic}/${partition}`)
  return { ...head, abortedTransactions: [], preferredReadReplica, messages: records ? [records] : [] }
}

/**
 * Reads the record batches that a fetch returned of a partition. The last one may be cut short, and is left out.
 * `where` is for messages. Undefined when there are none.
 * @throws KafkaError `RECORDS_CORRUPT`, `KAFKA_UNSUPPORTED`
 */
export async function readRecordSet(
  bytes: Buffer,
  abortedTransactions: readonly AbortedTransaction[] = [],
  where = 'a partition'
): Promise<FetchedRecords | undefined> {
  const aborted = new OpenAborted(abortedTransactions)
  const batches: StoredBatch[] = []
  const first = readHead(bytes, 0, where)
  let head = first
  let lastOffset = 0
  for (; head; head = readHead(bytes, head.end, where)) {
    ;({ lastOffset } = head)
    aborted.advanceTo(lastOffset)
    if (!head.isControl && aborted.holds(head)) continue
    const batch = head.attributes & attribute.codec ? await decompressed(head, where) : head
    if (!head.isControl) batches.push(batch)
    else if (isAbortMarker(batch)) aborted.end(head)
  }
  // A broker sends the first batch whole, however long it is (KIP-74): without one there would be no end to asking.
  if (!first && bytes.length > 0) throw corrupt(where, 'no batch is whole')
  return first && new FetchedRecords(first.baseOffset, lastOffset, batches)
}

const attribute = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 }
const offsetAndLength = 12
const headLength = 61
const magicAt = 16
const formatV2 = 2

interface BatchHead extends StoredBatch {
  readonly attributes: number
  readonly producerId: bigint
  readonly isControl: boolean
}

/** The head of a batch ("Record Batch" in Kafka's documentation); undefined where no whole one follows. */
function readHead(bytes: Buffer, at: number, where: string): BatchHead | undefined {
  if (at + magicAt >= bytes.length) return undefined
  if (bytes[at + magicAt] !== formatV2)
    throw new KafkaError(
      'KAFKA_UNSUPPORTED',
      `${where} holds records in a format from before Kafka 0.11: copy them to a new topic, or delete them`
    )
  const baseOffset = Number(bytes.readBigInt64BE(at))
  const length = bytes.readInt32BE(at + 8)
  const end = at + offsetAndLength + length
  if (offsetAndLength + length < headLength) throw corrupt(where, `the batch at offset ${baseOffset} is too short`)
  if (end > bytes.length) return undefined
  const attributes = bytes.readInt16BE(at + 21)
  const lastOffsetDelta = bytes.readInt32BE(at + 23)
  const count = bytes.readInt32BE(at + 57)
  if (baseOffset < 0 || lastOffsetDelta < 0 || count < 0)
    throw corrupt(where, `the batch at offset ${baseOffset} has numbers below zero`)
  return {
    bytes,
    start: at + headLength,
    end,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    count,
    baseTimestamp: Number(bytes.readBigInt64BE(at + 27)),
    appendedAt: attributes & attribute.logAppendTime ? Number(bytes.readBigInt64BE(at + 35)) : undefined,
    attributes,
    producerId: bytes.readBigInt64BE(at + 43),
    isControl: (attributes & attribute.control) !== 0
  }
}

async function decompressed(head: BatchHead, where: string): Promise<StoredBatch> {
  // Compaction leaves the head of a batch without records; there is nothing to decompress then.
  if (head.count === 0) return { ...head, end: head.start }
  const what = `the batch at offset ${head.baseOffset} cannot be decompressed`
  const codec = lookupCodecByAttributes(head.attributes)
  if (!codec) throw new KafkaError('KAFKA_UNSUPPORTED', `${where}: ${what}: codec ${head.attributes & attribute.codec}`)
  try {
    const bytes = await codec.decompress(head.bytes.subarray(head.start, head.end))
    return { ...head, bytes, start: 0, end: bytes.length }
  } catch (error) {
    throw corrupt(where, what, error)
  }
}

/** Which producers are within an aborted transaction; the rule is that of Kafka's Java client (CompletedFetch). */
class OpenAborted {
  readonly #waiting: AbortedTransaction[]
  readonly #producers = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = aborted.toSorted((one, other) => other.firstOffset - one.firstOffset)
  }

  /** Opens all that begin up to there: one fetch may start within many of them. */
  advanceTo(lastOffset: number): void {
    for (let next = this.#waiting.at(-1); next && next.firstOffset <= lastOffset; next = this.#waiting.at(-1)) {
      this.#producers.add(next.producerId)
      this.#waiting.pop()
    }
  }

  holds({ attributes, producerId }: BatchHead): boolean {
    return (attributes & attribute.transactional) !== 0 && this.#producers.has(producerId)
  }

  end({ producerId }: BatchHead): void {
    this.#producers.delete(producerId)
  }
}

const abortType = 0

/** The key of a control record is its version and its type, each an int16. */
function isAbortMarker(batch: StoredBatch): boolean {
  const [marker] = new Records([batch], 0)
  return marker?.key?.length === 4 && marker.key.readInt16BE(2) === abortType
}

class ResponseReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#move(8))
  }

  string(): string {
    const length = this.int16()
    const start = this.#move(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  /** Null is empty. */
  bytes(): Buffer {
    const length = Math.max(this.int32(), 0)
    const start = this.#move(length)
    return this.#bytes.subarray(start, start + length)
  }

  #move(length: number): number {
    const start = this.#at
    this.#at += length
    if (length < 0 || this.#at > this.#bytes.length) throw new RangeError('a Fetch response is cut short')
    return start
  }
}

const corrupt = (where: string, what: string, cause?: unknown): KafkaError =>
  new KafkaError('RECORDS_CORRUPT', `${where}: ${what}`, cause)
