import type { Logger } from '../../core/index.ts'
import type { KafkaRecord, PackedRecords } from '../log/index.ts'
import type { TopicPartition } from './partition.ts'

/** Consecutive records of one partition, in order of their offsets. */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  /** The records as the log has them. By the heads of their batches there is at least one. */
  readonly raw: PackedRecords
  /** Those that can be read, as objects, all in memory at once; made when they are first asked for. */
  readonly records: readonly KafkaRecord[]
  /** The offset it was asked for from; the first record may be after it. */
  readonly fetchedOffset: number
  /** Where what was fetched begins, not before `fetchedOffset`. */
  readonly firstOffset: number
  /** The last offset this batch covers; past the last record where control or compacted records follow it. */
  readonly lastOffset: number
  /** The end of the log when the batch was fetched. */
  readonly highWatermark: number
}

/** Offsets of a partition that were fetched and hold no record. */
export interface PassedOffsets {
  readonly topic: string
  readonly partition: number
  /** The offset they were asked for from. */
  readonly fetchedOffset: number
  /** Where what was fetched begins, not before `fetchedOffset`. */
  readonly firstOffset: number
  readonly lastOffset: number
}

/** What a group has committed of a partition. */
export interface CommittedOffset {
  /** The next record to read. */
  readonly offset: number
  /** A note of the one that committed it, at most 4,096 bytes by the broker's default. */
  readonly metadata?: string
}

/** What a batch handler may do to the consumer. */
export interface BatchControl {
  /** Keeps this member in its group. Call it at least every few hundred ms while working or waiting. */
  heartbeat(): Promise<void>
  /** The next fetch of this partition starts after `offset`. Returning without it delivers the batch again. */
  resolve(offset: number): void
  /** The next fetch of this partition starts at `offset`. */
  seek(offset: number): void
  /** Aborted when the consumer stops or is rebuilt: return soon. */
  readonly signal: AbortSignal
}

/** Which of the wanted topics can be read. */
export interface TopicLook {
  readonly existing: readonly string[]
  /** Their ids, where Kafka has them: a topic that was deleted and recreated has another one. */
  readonly ids: ReadonlyMap<string, string>
  /** Wanted, and not in Kafka. */
  readonly missing: readonly string[]
  /** Wanted, and Kafka hides them from this client. */
  readonly hidden: readonly string[]
}

/** Why the client's consumer was rebuilt: it ended, or it no longer moved. */
export type RebuildCause = 'ended' | 'stalled'

/** A batch that is larger comes anyway, alone (KIP-74). */
export interface FetchLimits {
  /** Bytes of one partition. */
  readonly maxBytesPerPartition: number
  /** Bytes of all partitions of a broker together. */
  readonly maxBytes: number
}

/** ms; with less there is no room for heartbeats: one is sent every sixth of it, and at most five a second. */
export const leastSessionTimeoutMs = 1_000

export interface GroupConsumerOptions {
  readonly group: string
  /** Names the kind of member: Kafka lets no other kind into the group. Default `eventtrail-subscribers-only`. */
  readonly protocol?: string
  /** Shown to those who describe the group. At most 1 KiB. Default: nothing. */
  readonly about?: Buffer
  /** What to read. Asked again every `topicRefreshMs`; a failed answer leaves the list as it was. */
  readonly topics: () => Promise<readonly string[]>
  /** Handles a batch. An error that it throws ends the consumer: what can be retried is retried inside. */
  readonly onBatch: (batch: RecordBatch, control: BatchControl) => Promise<void>
  /**
   * Called after every (re)join, before any batch of it: which partitions this member reads, and whether it is the one
   * member of this generation that leads the group. A group that was deleted counts its generations from 1 again.
   */
  readonly onAssigned?: (
    assignment: ReadonlyMap<string, readonly number[]>,
    isLeader: boolean,
    generation: number
  ) => void
  /** Offsets that hold nothing to handle (aborted transactions, control records) were passed over. */
  readonly onPassed?: (passed: PassedOffsets) => void
  /**
   * The log of a partition does not have the offset that was to be fetched next: it was removed, or the log is another
   * one. Once a returned promise has resolved the consumer continues at the start of the log, unless `seek` was called.
   */
  readonly onOutOfRange?: (source: TopicPartition) => Promise<void> | void
  /** Topics that were read no longer exist. */
  readonly onTopicsVanished?: (topics: readonly string[]) => void
  /** Topics were looked up: which exist, which do not, and which Kafka hides. */
  readonly onLook?: (look: TopicLook) => void
  /** Kafka answered, or could not be reached. */
  readonly onReach?: (reached: boolean, why?: string) => void
  /** The client's consumer is rebuilt. */
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
  /** Batches of different partitions that are handled at once. Default 1. */
  readonly concurrency?: number
  /** Bytes that a record batch may have once it is decompressed; a larger one is unreadable. Default 64 MiB. */
  readonly maxBatchBytes?: number
  /** ms for which a broker may hold back its answer while there is nothing new. Default 500. */
  readonly maxWaitMs?: number
}

/**
 * Why nothing of a partition can be read, while the others are:
 * - `NOT_AUTHORIZED`: this client lacks the right READ on the topic.
 * - `LOG_UNREADABLE`: the bytes of the log do not even say where the next batch begins.
 * - `NOT_SERVED`: the broker answers with an error of its own.
 */
export type TroubleCode = 'NOT_AUTHORIZED' | 'LOG_UNREADABLE' | 'NOT_SERVED'

export interface PartitionTrouble {
  readonly topic: string
  readonly partition: number
  readonly code: TroubleCode
  /** What is wrong and what to do, in words. */
  readonly reason: string
}

export type ConsumerState = 'idle' | 'waiting for topics' | 'joining' | 'consuming' | 'recovering' | 'stopped'

/** The signs by which one sees whether a consumer lives, moves, and belongs to its group. */
export interface Vitals {
  /** ms since something was fetched or handled. */
  readonly idleMs: number
  /** ms since it was last a member of its group, or had no topic to be one for; 0 while that is so. */
  readonly awayMs: number
  /** Whether its supervision has been stuck for too long. */
  readonly dead: boolean
  /** What keeps it out of its group (members of another kind, no READ on it), in words, until it has joined. */
  readonly obstacle: string | undefined
}

/**
 * A member of a consumer group that stays alive: whatever ends the client's consumer, it is rebuilt.
 *
 * idle → (start) → waiting for topics ⇄ joining → consuming → recovering → joining …, and from each → stopped
 */
export interface GroupConsumer {
  readonly state: ConsumerState
  readonly vitals: Vitals
  /**
   * ms for which the group surely still counts this member in, unless a rebalance comes first. 0 when that is
   * not known: a process that was suspended finds 0 here until a heartbeat has succeeded.
   */
  readonly leaseMs: number
  /** The topics it reads now. */
  readonly topics: readonly string[]
  /** The partitions of this member that cannot be read, while the others are. */
  readonly troubles: readonly PartitionTrouble[]
  /** Resolves when it has ended: to the error that ended it, or undefined after `stop()`. */
  readonly closed: Promise<Error | undefined>
  /** Starts reading; returns at once. A second call does nothing. */
  start(): void
  /**
   * Commits offsets to Kafka: the offset of the next record to read, per topic and partition, in one request. A commit
   * without `metadata` clears what the one before had.
   * @throws KafkaError `KAFKA_UNAVAILABLE` when Kafka did not confirm them, also between two groups
   */
  commit(offsets: readonly (TopicPartition & CommittedOffset)[]): Promise<void>
  /** Stops fetching a partition until `resume`; survives rebalances. */
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /**
   * The next fetch of an assigned partition starts at `offset`. A batch that was fetched before may still be delivered:
   * its `fetchedOffset` shows that.
   */
  seek(topic: string, partition: number, offset: number): void
  /** Leaves the group, at the latest after `deadlineMs` (default 8,000). Idempotent. */
  stop(deadlineMs?: number): Promise<void>
}
