import { type CommittedOffset, keyOf, type LogEnds, type TopicPartition } from '../../kafka/index.ts'

/** Where a group is in a partition, at one moment. */
export interface PartitionLook extends TopicPartition {
  /** What the group has committed: the next offset to handle. Undefined where it has committed nothing. */
  readonly committed: number | undefined
  /** What it noted with that. */
  readonly note: string | undefined
  readonly start: number
  readonly end: number
  /** Offsets that are in the log and not handled. */
  readonly lag: number
  /** Offsets that were removed from the log before they were handled. */
  readonly lost: number
}

export type Commits = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

/** The partitions of logs as a group sees them. */
export const looksOf = (ends: readonly LogEnds[], commits: Commits): PartitionLook[] =>
  ends
    .map(({ topic, partition, start, end }) => {
      const commit = commits.get(topic)?.get(partition)
      const next = Math.max(commit?.offset ?? start, start)
      return {
        ...{ topic, partition, start, end },
        committed: commit?.offset,
        note: commit?.metadata,
        lag: Math.max(0, end - next),
        lost: commit === undefined ? 0 : Math.max(0, start - commit.offset)
      }
    })
    .toSorted((one, other) => one.topic.localeCompare(other.topic) || one.partition - other.partition)

/** What happens to a lag. */
export interface Pace {
  /** Offsets a second that the group handles, and that are published. */
  readonly handled: number
  readonly published: number
  readonly trend: 'none' | 'falling' | 'steady' | 'growing'
  /** ms until nothing waits, at this pace; 0 where nothing does, undefined where it does not come to that. */
  readonly clearMs: number | undefined
}

/** By two looks at the same partitions. @param overMs between them */
export function paceOf(before: readonly PartitionLook[], after: readonly PartitionLook[], overMs: number): Pace {
  const earlier = new Map(before.map(look => [keyOf(look), look]))
  let [handled, published, lag] = [0, 0, 0]
  for (const look of after) {
    const was = earlier.get(keyOf(look))
    lag += look.lag
    if (!was) continue
    published += Math.max(0, look.end - was.end)
    // A position that was moved back was not handled backwards.
    if (look.committed !== undefined) handled += Math.max(0, look.committed - (was.committed ?? was.start))
  }
  const seconds = Math.max(overMs, 1) / 1_000
  const gain = handled - published
  const trend = lag === 0 ? 'none' : gain > 0 ? 'falling' : gain < 0 ? 'growing' : 'steady'
  const clearMs = lag === 0 ? 0 : gain > 0 ? Math.round((lag / (gain / seconds)) * 1_000) : undefined
  return { handled: handled / seconds, published: published / seconds, trend, clearMs }
}

/**
 * ms until retention may remove the first unread record: not before it, and often later, because Kafka removes whole
 * segments. 0 where it is due. Undefined where time removes nothing.
 * @param retentionMs `retention.ms` of the topic; -1: no limit
 */
export function lossInMs(
  look: PartitionLook,
  facts: { readonly oldestUnread: number | undefined; readonly retentionMs: number | undefined; readonly now: number }
): number | undefined {
  const { oldestUnread, retentionMs, now } = facts
  if (look.lag === 0 || oldestUnread === undefined || retentionMs === undefined || retentionMs < 0) return undefined
  return Math.max(0, oldestUnread + retentionMs - now)
}
