import type { KafkaRecord, UnreadableBatch } from '../log/index.ts'
import type { TopicPartition } from './partition.ts'

/** Consecutive records of one partition, and where its log begins and ends now. */
export interface LogPage {
  /** In order of their offsets, without those of open and aborted transactions. */
  readonly records: readonly KafkaRecord[]
  /** Batches among them that cannot be read. */
  readonly unreadable: readonly UnreadableBatch[]
  /** The offset that the next page begins at: past the last record where control or compacted records follow it. */
  readonly next: number
  /** The first offset that is still in the log. */
  readonly start: number
  /** One after the last offset that a reader of committed records gets: the last stable offset. */
  readonly end: number
  /** The id of the topic, which it loses when it is deleted; undefined where the brokers are older than Kafka 2.8. */
  readonly topicId: string | undefined
}

export interface PageOptions {
  /** Bytes that are fetched; a batch that is larger comes anyway, alone (KIP-74). Default 1 MiB. */
  readonly maxBytes?: number
  /** Default 10,000. */
  readonly maxRecords?: number
  /**
   * ms for which the broker may hold back its answer while there is nothing new; it answers at once when there is.
   * Waits of one reader come one after the other: follow each partition with a reader of its own. Default 0.
   */
  readonly maxWaitMs?: number
}

/** A place in logs: their first offset, one after their last, or the first record that is as new as a date. */
export type LogTime = 'start' | 'end' | Date

/**
 * Reads logs without a group, committed records only. It connects when it is first asked, and again after a failure; it
 * tries everything once. Needs READ and DESCRIBE on the topics.
 */
export interface LogReader extends AsyncDisposable {
  /**
   * What the log has from an offset on; nothing where that is its end.
   * @throws KafkaError `OFFSET_OUT_OF_RANGE`, `TOPIC_UNKNOWN`, `NOT_AUTHORIZED`, `RECORDS_CORRUPT`, `KAFKA_UNAVAILABLE`
   *   (also after `close()`)
   */
  page(source: TopicPartition, offset: number, options?: PageOptions): Promise<LogPage>
  /**
   * The offset of a time in each partition, by `keyOf`; where no record is as new as a date, the end. Dates are those of
   * the records: their producers' clocks, or the broker's (`message.timestamp.type`).
   * @throws KafkaError as `page` does, for the first partition that has no answer
   */
  offsetsAt(sources: readonly TopicPartition[], time: LogTime): Promise<Map<string, number>>
  /** Cuts off what it waits for. */
  close(): Promise<void>
}
