import type { Logger } from '../../../core/index.ts'
import { defaultMaxBatchBytes } from '../../log/index.ts'
import type { BatchControl, PassedOffsets, RecordBatch } from './record-batch.ts'
import type { TopicLook } from './topic-watch.ts'

export type RebuildCause = 'ended' | 'stalled'

export interface GroupConsumerOptions {
  readonly group: string
  /** Names the kind of member: Kafka lets no other kind into the group. Default `eventtrail-subscribers-only`. */
  readonly protocol?: string
  /** What to read. Asked again every `topicRefreshMs`; a failed answer leaves the list as it was. */
  readonly topics: () => Promise<readonly string[]>
  /** Handles a batch. An error of its own ends the consumer: what can be retried is retried inside. */
  readonly onBatch: (batch: RecordBatch, control: BatchControl) => Promise<void>
  /** Called after every (re)join, before any batch of it: which partitions this member reads. */
  readonly onAssigned?: (assignment: ReadonlyMap<string, readonly number[]>) => void
  /** Offsets that hold nothing to handle (aborted transactions, control records) were passed over. */
  readonly onPassed?: (passed: PassedOffsets) => void
  /**
   * The log of a partition does not have the offset that was to be fetched next: it was removed, or the log is another
   * one. kafkajs goes on at the log's start, unless somebody seeks, once a promise that comes back has resolved.
   */
  readonly onOutOfRange?: (source: { readonly topic: string; readonly partition: number }) => Promise<void> | void
  /** A topic of ours is gone. */
  readonly onTopicsVanished?: (topics: readonly string[]) => void
  /** Topics were looked up: which exist, which do not, and which Kafka hides. */
  readonly onLook?: (look: TopicLook) => void
  /** Kafka answered, or could not be reached. */
  readonly onReach?: (reached: boolean) => void
  /** kafkajs's consumer is built anew: it had ended, or stood still. */
  readonly onRebuilt?: (cause: RebuildCause) => void
  readonly log: Logger
  /** ms; a killed member's partitions are free after about this long. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** ms between two looks for new topics. Default 3,000. */
  readonly topicRefreshMs?: number
  /** ms without a fetch or a batch after which the consumer is rebuilt. Default three session timeouts. */
  readonly stallMs?: number
  /** How much a fetch may bring, by the number of topics. Default 4 MiB a partition, 16 MiB in all. */
  readonly fetchLimits?: (topics: number) => FetchLimits
  /** Batches of different partitions that are handled side by side. Default 1. */
  readonly concurrency?: number
  /** Bytes that a record batch may have once it is decompressed; a larger one is unreadable. Default 64 MiB. */
  readonly maxBatchBytes?: number
  /** ms for which a broker may hold back its answer while there is nothing new. Default 500. */
  readonly maxWaitMs?: number
}

/** A batch that is larger comes all the same, alone (KIP-74). */
export interface FetchLimits {
  /** Bytes of one partition. */
  readonly maxBytesPerPartition: number
  /** Bytes of all partitions of a broker together. */
  readonly maxBytes: number
}

/** ms; with less there is no room for heartbeats, of which one goes every sixth of it, and at most five a second. */
export const leastSessionTimeoutMs = 1_000

/** With a value for everything but what may be left away. */
export type ConsumerSettings = GroupConsumerOptions &
  Required<
    Omit<
      GroupConsumerOptions,
      'onAssigned' | 'onPassed' | 'onOutOfRange' | 'onTopicsVanished' | 'onLook' | 'onReach' | 'onRebuilt'
    >
  >

export function withDefaults(options: GroupConsumerOptions): ConsumerSettings {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
  return {
    topicRefreshMs: 3_000,
    fetchLimits: () => ({ maxBytesPerPartition: 4 * 1024 * 1024, maxBytes: 16 * 1024 * 1024 }),
    protocol: 'eventtrail-subscribers-only',
    maxWaitMs: 500,
    maxBatchBytes: defaultMaxBatchBytes,
    concurrency: 1,
    ...options,
    sessionTimeoutMs,
    stallMs: options.stallMs ?? 3 * sessionTimeoutMs
  }
}

/**
 * ms after which a consumer whose supervision does not turn is given up. The longest turn of one that lives is a look
 * for topics that is cut off, a disconnect and a pause.
 */
export const deadAfterMs = ({ stallMs }: Pick<ConsumerSettings, 'stallMs'>): number => 2 * stallMs + 15_000
