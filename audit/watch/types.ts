import type { Logger } from '../../core/index.ts'
import type { KafkaClient } from '../../kafka/index.ts'
import type { Meter } from '../../observability/index.ts'
import type { Trust } from '../../proof/index.ts'
import type { Registry } from '../../schemas/index.ts'
import type { TileStore } from '../store/index.ts'
import type { Finding, FindingCode, Place } from '../verify/index.ts'
import type { Stretch } from './compare.ts'
import type { WatchMetrics } from './metrics.ts'

export interface WatchOptions {
  readonly client: KafkaClient
  readonly registry: Registry
  /** Of the watch itself, with the prefix. */
  readonly group: string
  /** The group of the sink that is watched, with the prefix. */
  readonly sinkGroup: string
  readonly topicPrefix: string
  /** Only these event names. Default: all that the registry has and the log names. */
  readonly eventNames?: readonly string[] | undefined
  /** Places of the log. One is enough. */
  readonly stores: readonly TileStore[]
  readonly trust: Trust
  /** ms after which a record that is in no statement is a finding. Default 600,000. */
  readonly withinMs?: number
  /** ms between two looks at the log. Default 10,000. */
  readonly everyMs?: number
  /** Records that wait for a statement at most; then partitions are paused. Default 1,000,000, of about 64 bytes each. */
  readonly mostWaiting?: number
  readonly maxBatchBytes?: number
  readonly log: Logger
  readonly meter?: Meter<WatchMetrics>
  readonly onFinding: (finding: Finding) => void
  /** Something was not compared, or not all of it, and why. */
  readonly onUncompared: (place: Place, words: string) => void
}

/** What a watch has done. */
export interface WatchCounts {
  readonly compared: number
  readonly uncompared: number
  readonly findings: number
  /** Records that were read and wait for a statement. */
  readonly waiting: number
  readonly partitions: number
  /** Entries of the log that were read. */
  readonly entries: number
}

/** Hears what a comparison comes to. */
export interface Report {
  finding(code: FindingCode, place: Place, words: string): void
  /** Something was not compared, or not all of it, and why: it is neither right nor wrong. */
  uncompared(place: Place, words: string): void
  /** So many records were compared with what a statement says of them. */
  compared(records: number): void
}

/** A stretch, and which entry says it. */
export interface Stated {
  readonly stretch: Stretch
  readonly entry: number
  /** When this watch read it, ms of its own clock. */
  readonly readAt: number
}

/** What is waited for at most, and what is from before the proof. */
export interface Patience {
  /** ms of the clock of the watch. */
  readonly now: number
  /** ms for which a record may be in no statement. */
  readonly withinMs: number
  /** ms since 1970: when the log of the proof began. */
  readonly began: number
  /** Nothing more comes: what waits is judged by the times that Kafka has of it, ms since 1970. */
  readonly until?: number
}
