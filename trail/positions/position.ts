import type { KafkaRecord, PartitionRange, RecordBatch } from '../../kafka/index.ts'
import { digestOf } from '../rows/index.ts'
import type { LastRecord } from '../types.ts'

/** What the trail knows of a partition (`sink_offsets`). */
export interface StoredPosition {
  readonly nextOffset: number
  readonly incarnation: number
  /** Once there was one. It may lie further back than `nextOffset - 1`: control records hold nothing to compare. */
  readonly lastRecord?: LastRecord
  readonly halted?: string
  /** The id of the topic that it is a position in; unknown of what was stored before Kafka or the trail had them. */
  readonly topicId?: string
}

/** Why a log does not fit the trail: its partition is stopped until `eventtrail sink reset`. */
export type HaltReason = 'LOG_CUT_BACK' | 'LOG_REPLACED' | 'SCHEMA_CHANGED'

/** Where to read on, as the trail and the log have it. */
export type Placement =
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
 * and made anew has other records at the same offsets, and "drop what is below" would lose them.
 */
export function place(stored: StoredPosition, log: PartitionLog): Placement {
  const { nextOffset, lastRecord, topicId } = stored
  if (topicId !== undefined && log.topicId !== undefined && topicId !== log.topicId)
    return { kind: 'halt', reason: 'LOG_REPLACED' }
  if (nextOffset > log.end) return { kind: 'halt', reason: 'LOG_CUT_BACK' }
  if (lastRecord && lastRecord.offset >= log.start)
    return { kind: 'read', from: lastRecord.offset, verify: true, lost: 0 }
  const from = Math.max(nextOffset, log.start)
  return { kind: 'read', from, verify: false, lost: from - nextOffset }
}

/** What a batch means for the trail. */
export type Reading =
  /** Offsets from `first` on are new. */
  | { readonly kind: 'records'; readonly first: number }
  | { readonly kind: 'nothing new' }
  /** Where the trail stands must be asked for. */
  | { readonly kind: 'reposition' }
  /** It was fetched from elsewhere: fetch from there. */
  | { readonly kind: 'reread'; readonly from: number }
  | { readonly kind: 'halt'; readonly reason: HaltReason }

/** A batch, or what was fetched and held no event. */
export type Fetched = Pick<RecordBatch, 'fetchedOffset' | 'lastOffset'> & { readonly records: Iterable<KafkaRecord> }

/**
 * The position of one partition in this process.
 *
 * unknown → (placed) → verifying → (advance) → flowing, or flowing at once where there is nothing to compare;
 * any → unknown when the group rebalances, the fence refuses, or what was asked for is not delivered;
 * any → halted, until an operator resets or resumes it.
 */
export class Position {
  state: 'unknown' | 'verifying' | 'flowing' | 'halted' = 'unknown'
  /** The first offset that was not handed over. */
  next = 0
  incarnation = 1
  /** The id of the topic, as far as it is known. */
  topicId: string | undefined
  #from = 0
  #last: LastRecord | undefined
  #asked = false

  placed(
    stored: StoredPosition,
    { from, verify }: Extract<Placement, { kind: 'read' }>,
    topicId = stored.topicId
  ): void {
    this.next = verify ? stored.nextOffset : from
    this.incarnation = stored.incarnation
    this.topicId = topicId
    this.#last = stored.lastRecord
    this.#from = from
    this.#asked = false
    this.state = verify ? 'verifying' : 'flowing'
  }

  forget(): void {
    if (this.state !== 'halted') this.state = 'unknown'
  }

  /** Whether it is known where to read. */
  get isPlaced(): boolean {
    return this.state === 'verifying' || this.state === 'flowing'
  }

  /** Whether the batch that was fetched there is the one that follows. */
  expects(fetchedOffset: number): boolean {
    return this.isPlaced && fetchedOffset === this.#from
  }

  /**
   * Judges a batch. One that was fetched from elsewhere (before a seek, or after the client jumped) is never read as if
   * there were nothing between it and the position.
   */
  read({ records, fetchedOffset, lastOffset }: Fetched): Reading {
    if (!this.isPlaced) return { kind: 'reposition' }
    if (!this.expects(fetchedOffset)) {
      // One that was fetched before the seek comes once. Another one says that the log begins elsewhere by now.
      if (!this.#asked) {
        this.#asked = true
        return { kind: 'reread', from: this.#from }
      }
      this.forget()
      return { kind: 'reposition' }
    }
    this.#asked = false
    if (this.#from < this.next && !this.#fits(records)) return { kind: 'halt', reason: 'LOG_REPLACED' }
    if (lastOffset < this.next) return { kind: 'nothing new' }
    return { kind: 'records', first: this.next }
  }

  /** The batch was accounted for; the next one is fetched behind `lastOffset`. */
  advance(lastOffset: number): void {
    this.#from = lastOffset + 1
    this.next = Math.max(this.next, lastOffset + 1)
    this.state = 'flowing'
  }

  /** Whether the last record stands first, and no event between it and the position. */
  #fits([head, second]: Iterable<KafkaRecord>): boolean {
    // The last record came in an earlier fetch: nothing may follow it before the position.
    if (this.state === 'flowing') return head === undefined || head.offset >= this.next
    const last = this.#last
    if (!last || head?.offset !== last.offset || !last.digest.equals(digestOf(head.value))) return false
    return second === undefined || second.offset >= this.next
  }
}
