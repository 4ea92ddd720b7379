import type { RewindOrder, Scope } from '../../control/index.ts'
import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import { OperationsError } from '../errors.ts'
import type { PartitionLook } from './lag.ts'

/** Where a group is to read on: an offset of one partition, the ends of logs, or the first records as new as a date. */
export type RewindTarget = 'earliest' | 'latest' | number | Date

/** One partition of a plan. */
export interface RewindStep {
  readonly topic: string
  readonly partition: number
  /** Where the group is; undefined where it has committed nothing. */
  readonly from: number | undefined
  readonly to: number
  /** Offsets that handlers get again, and those that they never get. */
  readonly again: number
  readonly skipped: number
}

/**
 * What a rewind does, for each partition of the scope that it moves.
 * @param offsets of the target, by `keyOf`, where it is a date
 * @throws OperationsError `REWIND_INVALID`
 */
export function rewindPlan(
  looks: readonly PartitionLook[],
  scope: Scope,
  target: RewindTarget,
  offsets: ReadonlyMap<string, number> = new Map()
): RewindStep[] {
  const meant = looks.filter(
    ({ topic, partition }) =>
      (scope.topic === undefined || scope.topic === topic) &&
      (scope.partition === undefined || scope.partition === partition)
  )
  if (meant.length === 0)
    throw new OperationsError('SCOPE_UNKNOWN', `The group reads no ${inWords(scope)}: check --topic and --partition`)
  if (typeof target === 'number' && meant.length > 1)
    throw new OperationsError('REWIND_INVALID', 'An offset is one of a single partition: give --topic and --partition')
  return meant.flatMap(look => {
    const { topic, partition, committed, start, end } = look
    const to = Math.min(Math.max(toOf(look, target, offsets), start), end)
    const now = Math.max(committed ?? start, start)
    if (to === now && committed !== undefined) return []
    return [{ topic, partition, from: committed, to, again: Math.max(0, now - to), skipped: Math.max(0, to - now) }]
  })
}

function toOf(look: PartitionLook, target: RewindTarget, offsets: ReadonlyMap<string, number>): number {
  if (target === 'earliest') return look.start
  if (target === 'latest') return look.end
  return typeof target === 'number' ? target : (offsets.get(keyOf(look)) ?? look.end)
}

const inWords = ({ topic, partition }: Scope): string =>
  topic === undefined ? 'topic' : partition === undefined ? `topic ${topic}` : `partition ${topic}/${partition}`

export const ordersOf = (plan: readonly (TopicPartition & { readonly to: number })[], action: string): RewindOrder[] =>
  plan.map(({ topic, partition, to }) => ({ topic, partition, offset: to, action }))
