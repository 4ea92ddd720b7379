import type { Message, Producer } from 'kafkajs'
import { within } from '../../core/index.ts'
import type { KafkajsParts } from './types.ts'

const closeTimeoutMs = 5_000

/** One kafkajs producer, that is, one producer id with its sequence numbers. */
export interface Incarnation {
  readonly producer: Producer
  inFlight: number
  retired: boolean
}

export async function connectIncarnation(client: KafkajsParts): Promise<Incarnation> {
  const producer = client.kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: () => givenPartition,
    // No retries inside: kafkajs forgets partitions whose leader moved and sends twice what is still in
    // flight to another broker. It demands a number that is not below 1, and NaN is never reached.
    retry: { retries: Number.NaN }
  })
  try {
    await producer.connect()
    return { producer, inFlight: 0, retired: false }
  } catch (error) {
    await disconnect(producer)
    throw error
  }
}

interface WatchedMessage extends Message {
  readonly leader?: number
}

/**
 * A record that reports when kafkajs takes it to encode it, and which leader the caller counts on.
 * @param onEncode may throw: then nothing of the request leaves.
 */
export function watched(message: Message, leader: number, onEncode: () => void): WatchedMessage {
  const { key, ...rest } = message
  return Object.defineProperty({ ...rest, leader }, 'key', {
    enumerable: true,
    get() {
      onEncode()
      return key
    }
  }) as WatchedMessage
}

interface PartitionMetadata {
  readonly partitionId: number
  readonly leader: number
}

/** Named so that kafkajs reads its metadata again. */
class LeaderMoved extends Error {
  readonly type = 'NOT_LEADER_FOR_PARTITION'
  readonly retriable = true
}

/**
 * The partition that the record names. It also holds back a request as long as kafkajs sees another leader
 * than we do: a call then never spans two brokers, of which one may fail while the other is still at it.
 */
function givenPartition(args: { message: WatchedMessage; partitionMetadata: PartitionMetadata[] }): number {
  const { message, partitionMetadata } = args
  const { partition, leader } = message
  if (partition === undefined) throw new TypeError('a record has no partition')
  if (leader !== undefined && partitionMetadata.find(each => each.partitionId === partition)?.leader !== leader)
    throw new LeaderMoved(`the leader of partition ${partition} has moved`)
  return partition
}

/** kafkajs's disconnect may never end while it reconnects: this one does. */
export async function disconnect(part: { disconnect(): Promise<void> }): Promise<void> {
  await within(
    closeTimeoutMs,
    part.disconnect().catch(() => undefined)
  )
}
