import type { KafkaRecord, RecordBatch } from '../../kafka/index.ts'
import type { HaltReason, LastRecord, StartPoint, StoredPosition } from '../../trail/index.ts'
import { digestOf } from '../../trail/index.ts'

/** What a batch means for the trail. */
export type BatchVerdict =
  /** Offsets from `first` on are new. */
  | { readonly kind: 'records'; readonly first: number }
  | { readonly kind: 'nothing new' }
  /** The trail's position must be asked for. */
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
export class ReadPosition {
  state: 'unknown' | 'verifying' | 'flowing' | 'halted' = 'unknown'
  /** The first offset that was not handed over. */
  next = 0
  incarnation = 1
  /** The id of the topic, as far as it is known. */
  topicId: string | undefined
  #from = 0
  #last: LastRecord | undefined
  #asked = false

  startAt(
    stored: StoredPosition,
    { from, verify }: Extract<StartPoint, { kind: 'read' }>,
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
  get isKnown(): boolean {
    return this.state === 'verifying' || this.state === 'flowing'
  }

  /** Whether the batch that was fetched there is the one that follows. */
  expects(fetchedOffset: number): boolean {
    return this.isKnown && fetchedOffset === this.#from
  }

  /**
   * Judges a batch. One that was fetched from elsewhere (before a seek, or after the client jumped) is never read as if
   * there were nothing between it and the position.
   */
  judge({ records, fetchedOffset, lastOffset }: Fetched): BatchVerdict {
    if (!this.isKnown) return { kind: 'reposition' }
    if (!this.expects(fetchedOffset)) {
      // One that was fetched before the seek comes once. A second one means that the log begins elsewhere by now.
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

  /** The batch was accounted for; the next one is fetched from after `lastOffset`. */
  advance(lastOffset: number): void {
    this.#from = lastOffset + 1
    this.next = Math.max(this.next, lastOffset + 1)
    this.state = 'flowing'
  }

  /** Whether the last record comes first, with no event between it and the position. */
  #fits([head, second]: Iterable<KafkaRecord>): boolean {
    // The last record came in an earlier fetch: nothing may follow it before the position.
    if (this.state === 'flowing') return head === undefined || head.offset >= this.next
    const last = this.#last
    if (!last || head?.offset !== last.offset || !last.digest.equals(digestOf(head.value))) return false
    return second === undefined || second.offset >= this.next
  }
}
