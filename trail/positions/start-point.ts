import type { PartitionRange } from '../../kafka/index.ts'
import type { LastRecord } from '../types.ts'

/** What the trail knows of a partition (`sink_offsets`). */
export interface StoredPosition {
  readonly nextOffset: number
  readonly incarnation: number
  /** Once there was one. It may be further back than `nextOffset - 1`: control records hold nothing to compare. */
  readonly lastRecord?: LastRecord
  readonly halted?: string
  /** The id of the topic that it is a position in; unknown of what was stored before Kafka or the trail had them. */
  readonly topicId?: string
}

/** Why a log does not fit the trail: its partition is halted until `eventtrail sink reset`. */
export type HaltReason = 'LOG_CUT_BACK' | 'LOG_REPLACED' | 'SCHEMA_CHANGED'

/** Where to read on, as the trail and the log have it. */
export type StartPoint =
  | {
      readonly kind: 'read'
      readonly from: number
      /** Whether the last record is read again, to be compared. */
      readonly verify: boolean
      /** Offsets that were removed from the log before they were read; they end at `from`. */
      readonly lost: number
    }
  | { readonly kind: 'halt'; readonly reason: HaltReason }

/** The log of a partition as it is now. */
export interface PartitionLog extends Pick<PartitionRange, 'start' | 'end'> {
  /** Brokers older than Kafka 2.8 have none. */
  readonly topicId?: string | undefined
}

/**
 * Compares the trail's position with the log that is there now. A topic with another id has another log, whatever is
 * in it.
 * The last record is read again where it still exists, so that its digest can be compared: a topic that was deleted
 * and recreated has other records at the same offsets, and "drop what is below" would lose them.
 */
export function startPointOf(stored: StoredPosition, log: PartitionLog): StartPoint {
  const { nextOffset, lastRecord, topicId } = stored
  if (topicId !== undefined && log.topicId !== undefined && topicId !== log.topicId)
    return { kind: 'halt', reason: 'LOG_REPLACED' }
  if (nextOffset > log.end) return { kind: 'halt', reason: 'LOG_CUT_BACK' }
  if (lastRecord && lastRecord.offset >= log.start)
    return { kind: 'read', from: lastRecord.offset, verify: true, lost: 0 }
  const from = Math.max(nextOffset, log.start)
  return { kind: 'read', from, verify: false, lost: from - nextOffset }
}
