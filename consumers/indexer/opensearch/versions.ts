import type { DocumentOrigin } from '../search-index.ts'

/**
 * Versions of documents, by which OpenSearch keeps an older event from overwriting a newer one (`version_type:
 * external`). A version is a whole number below 2^63, and the order of events is (occurred_at, event_id), where many
 * events of one millisecond can be of one document: so a version is `occurred_at`, in microseconds up to the year 9999,
 * times 32, and a slot from 0 to 31. The first event of a time takes slot 0; another one of the same time, if its id is
 * greater than the one that is there, the slot after that one's.
 */
export const slots = 32

export const versionOf = ({ occurred_at }: DocumentOrigin, slot: number): string =>
  String(occurred_at * BigInt(slots) + BigInt(slot))

/** What is known of the document that is there. */
export interface Kept {
  readonly occurredAt: bigint
  readonly eventId: string
  readonly slot: number
}

/**
 * What to do about an event whose version OpenSearch did not take: nothing where the document is of a later event or of
 * the same, else the slot to try it with.
 */
export function nextSlot({ occurred_at, event_id }: DocumentOrigin, kept: Kept): number | undefined {
  if (kept.occurredAt !== occurred_at || event_id <= kept.eventId) return undefined
  // After 32 events of one document and one time the last slot is used again (`external_gte`).
  return Math.min(kept.slot + 1, slots - 1)
}
