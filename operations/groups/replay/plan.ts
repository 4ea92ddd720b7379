import { keyOf, type TopicPartition } from '../../../kafka/index.ts'
import type { StoredRange, StoredUpTo } from '../../../trail/index.ts'
import { OperationsError } from '../../errors.ts'
import type { PartitionLook } from '../lag.ts'

/** What a group gets again of one partition: first from the trail, then from Kafka. */
export interface ReplayStep extends TopicPartition {
  readonly eventName: string
  /** Where the group is; undefined where it has committed nothing. */
  readonly from: number | undefined
  /** Events of the trail whose offsets are below; 0 where Kafka has all that is meant. */
  readonly below: number
  /** Where Kafka is read on from. */
  readonly to: number
}

/** A partition that Kafka has only a part of: where the trail ends and Kafka takes over. */
export interface Seam {
  /** The first offset of the second part of what Kafka has: retention may remove what is before it at any moment. */
  readonly safe: number
}

/** Part of the time that Kafka keeps a log for which what it still has is taken from the trail, too: retention moves on. */
const marginOfLog = 0.1

/** The time of the first record that is safe from retention for a while. @param first the time of the oldest record, ms */
export const safeTime = (first: number, now: number): Date => new Date(first + Math.max(0, now - first) * marginOfLog)

/** Whether records of a time and later may have been removed: the log has nothing that is older. */
export const isCutOff = ({ start }: PartitionLook, offset: number): boolean => start > 0 && offset <= start

/**
 * @param offsets of the first records that are as new as the time of the replay, by `keyOf`
 * @param seams of the partitions that {@link isCutOff}
 * @param stored how far the trail has them
 */
export function replaySteps(
  looks: readonly PartitionLook[],
  topicPrefix: string,
  offsets: ReadonlyMap<string, number>,
  seams: ReadonlyMap<string, Seam>,
  stored: readonly StoredUpTo[]
): ReplayStep[] {
  const next = new Map(stored.map(each => [keyOf(each), each.next]))
  return looks.map(look => {
    const { topic, partition, committed: from, start, end } = look
    const step = { topic, partition, eventName: topic.slice(topicPrefix.length), from }
    const first = Math.min(Math.max(offsets.get(keyOf(look)) ?? end, start), end)
    // What the group has not had yet is left to it: nothing may be skipped.
    const now = Math.max(from ?? start, start)
    const seam = seams.get(keyOf(look))
    if (!seam) return { ...step, below: 0, to: Math.min(first, now) }
    const below = Math.max(start, Math.min(seam.safe, next.get(keyOf(look)) ?? start, now))
    return { ...step, below, to: below }
  })
}

/** What of the trail a replay sends. */
export const rangesOf = (steps: readonly ReplayStep[]): StoredRange[] =>
  steps.filter(({ below }) => below > 0).map(({ eventName, partition, below }) => ({ eventName, partition, below }))

/** @throws OperationsError `REPLAY_INVALID` where rows of the trail may be those of another log than the one of now */
export function requireSameLog(steps: readonly ReplayStep[], stored: readonly StoredUpTo[], since: Date): void {
  const replayed = new Set(steps.filter(({ below }) => below > 0).map(keyOf))
  const faults = stored.filter(
    each => replayed.has(keyOf(each)) && each.sameLogSince !== undefined && each.sameLogSince > since
  )
  const [latest] = faults.toSorted((one, other) => Number(other.sameLogSince) - Number(one.sameLogSince))
  if (!latest) return
  throw new OperationsError(
    'REPLAY_INVALID',
    `The log of ${keyOf(latest)} was replaced, and rows of the trail do not say which one they came from: replay from ${latest.sameLogSince?.toISOString()} or later, or leave the topic out with --topic`
  )
}

/** Where an event that was replayed was first; places of one partition of the redrive topic are sent in this order. */
export interface ReplayPlace {
  readonly eventName: string
  readonly partition: number
  readonly offset: number
}

/** Negative where `one` is sent before `other`. */
export const byPlace = (one: ReplayPlace, other: ReplayPlace): number =>
  one.offset - other.offset ||
  one.partition - other.partition ||
  (one.eventName < other.eventName ? -1 : Number(one.eventName > other.eventName))
