import { KafkaError } from '../errors.ts'
import { type BatchHead, readHead } from './batch-head.ts'
import { type PackedBatch, PackedRecords } from './packed-records.ts'

/** Spoken since Kafka 2.3 and still in 4.x; the highest one that kafkajs knows. */
export const fetchVersion = 11

/** All that a fetch returned of one partition, in the form of one message: kafkajs moves on by its offset. */
export class FetchedRecords {
  /** The last one that was fetched; records that no one may see and offsets without a record count as well. */
  readonly offset: string
  readonly firstOffset: number
  /** Without control records and those of aborted transactions. */
  readonly batches: readonly PackedBatch[]
  readonly isControlRecord = false

  constructor(firstOffset: number, lastOffset: number, batches: readonly PackedBatch[]) {
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

/** What a fetch of one partition brought that cannot be read: where the broken bytes end is not known. */
export interface BrokenPartition {
  readonly topic: string
  readonly partition: number
  readonly error: KafkaError
}

/**
 * Decodes a Fetch response, version {@link fetchVersion} ("Fetch API" in Kafka's protocol guide), down to the heads of
 * record batches.
 * @param onBroken hears of partitions of which nothing could be read; they look empty
 * @throws RangeError when the response itself is cut short
 */
export function decodeFetchResponse(payload: Buffer, onBroken: (broken: BrokenPartition) => void): FetchResponse {
  const reader = new ResponseReader(payload)
  const clientSideThrottleTime = reader.int32()
  const errorCode = reader.int16()
  const sessionId = reader.int32()
  const responses: { topicName: string; partitions: FetchedPartition[] }[] = []
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topicName = reader.string()
    const partitions: FetchedPartition[] = []
    for (let left = reader.int32(); left > 0; left -= 1) {
      partitions.push(readPartition(reader, (partition, error) => onBroken({ topic: topicName, partition, error })))
    }
    responses.push({ topicName, partitions })
  }
  // The broker expects the client to keep to the throttle time by itself (KIP-219).
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

function readPartition(
  reader: ResponseReader,
  onBroken: (partition: number, error: KafkaError) => void
): FetchedPartition {
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
  let records: FetchedRecords | undefined
  try {
    records = readRecordSet(recordSet, aborted)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    onBroken(partition, error)
  }
  return { ...head, abortedTransactions: [], preferredReadReplica, messages: records ? [records] : [] }
}

/**
 * Reads the heads of the record batches that a fetch returned of a partition. The last one may be cut short, and is left
 * out; so is what follows one that does not say where it ends. Undefined when there are none.
 * @throws KafkaError `RECORDS_CORRUPT`, `KAFKA_UNSUPPORTED` when that is so of the first one
 */
export function readRecordSet(
  bytes: Buffer,
  abortedTransactions: readonly AbortedTransaction[] = []
): FetchedRecords | undefined {
  const aborted = new OpenAborted(abortedTransactions)
  const batches: PackedBatch[] = []
  const first = readHead(bytes, 0, 0)
  let lastOffset = 0
  for (let head = first; head; head = nextHead(bytes, head.end, lastOffset + 1)) {
    ;({ lastOffset } = head)
    aborted.advanceTo(lastOffset)
    if (head.isControl) {
      if (endsAborted(head)) aborted.end(head)
    } else if (!aborted.holds(head)) batches.push(head)
  }
  // A broker sends the first batch whole, however long it is (KIP-74): without one there would be no end to asking.
  if (!first && bytes.length > 0) throw new KafkaError('RECORDS_CORRUPT', 'no batch is whole')
  return first && new FetchedRecords(first.baseOffset, lastOffset, batches)
}

/**
 * What cannot be read is read again as the first one of the next fetch, and is reported then. A batch that does not
 * come after the one before it (no checksum covers its place) would have its offsets counted twice.
 */
function nextHead(bytes: Buffer, at: number, expected: number): BatchHead | undefined {
  try {
    const head = readHead(bytes, at, expected)
    return head && head.baseOffset >= expected ? head : undefined
  } catch (error) {
    if (error instanceof KafkaError) return undefined
    throw error
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

  holds({ isTransactional, producerId }: BatchHead): boolean {
    return isTransactional && this.#producers.has(producerId)
  }

  end({ producerId }: BatchHead): void {
    this.#producers.delete(producerId)
  }
}

const abortType = 0

/**
 * Whether a control batch ends the aborted transaction of its producer. The key of its record is its version and its
 * type, each an int16. One that cannot be read is taken for such an end: to show what was aborted is a lesser evil than
 * to hide what comes after it.
 */
function endsAborted(head: BatchHead): boolean {
  const [marker] = new PackedRecords([head], 0)
  return marker === undefined ? head.count > 0 : marker.key?.length === 4 && marker.key.readInt16BE(2) === abortType
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
