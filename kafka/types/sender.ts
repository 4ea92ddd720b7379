import type { SendError } from '../errors.ts'

/** Headers as Kafka's wire has them: in their order, names may repeat, values may be null. */
export type HeaderList = readonly (readonly [name: string, value: string | Buffer | null])[]

export type HeadersByName = Readonly<Record<string, string | Buffer | (string | Buffer)[] | undefined>>

/** A record as it goes to Kafka. */
export interface OutgoingRecord {
  readonly key: string | Buffer | null
  readonly value: Buffer | null
  /** By name, where a list is a header that is repeated; or all of them in their order, where a value may be null. */
  readonly headers?: HeadersByName | HeaderList
}

/** Records of one partition; they become neighbours in its log. */
export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly OutgoingRecord[]
}

/** What became of one batch: the offset of its first record, or why it is not there. */
export type SendResult = { readonly baseOffset: number } | { readonly error: SendError }

/**
 * Sends batches, idempotent and acknowledged by all in-sync replicas. Two rules keep it exact, and are the
 * caller's: at most one batch of a partition is in flight; and after a batch whose error says `sent`, either
 * the very same batch follows, or `renew()` and then any other (the sequence numbers of the failed one may be
 * in the log: a broker would take other records with the same numbers for it, and drop them).
 */
export interface Sender extends AsyncDisposable {
  /**
   * The number of partitions, kept for five minutes.
   * @throws KafkaError `TOPIC_UNKNOWN` (topics are never created here), `KAFKA_UNAVAILABLE`, `NOT_AUTHORIZED`
   */
  partitionsOf(topic: string): Promise<number>
  /** The same as last heard, without asking. */
  knownPartitions(topic: string): number | undefined
  /** The broker that leads a partition as last heard, -1 when unknown: batches of one broker share a request. */
  leaderOf(topic: string, partition: number): number
  /**
   * Tries once; the results are in the order of the batches. Never rejects.
   * @param beforeLeaving called with the index of a batch just before its bytes can leave this process: once it
   *   returned, the batch counts as sent. It may throw to hold the batch back, and with it those of the same broker.
   */
  send(batches: readonly PartitionBatch[], beforeLeaving?: (index: number) => void): Promise<SendResult[]>
  /** Continues as a new producer, once a batch that may have been sent is given up. */
  renew(): void
  close(): Promise<void>
}
