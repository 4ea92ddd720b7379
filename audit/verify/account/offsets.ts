import type { Findings } from '../findings.ts'
import type { Account } from './account.ts'
import { isSamePartition, type Lane } from './lane.ts'

/** Holds the stretches of each partition against each other: they have to meet, from where the first one may begin. */
export function checkOffsets(account: Account, findings: Findings): void {
  const lanes = [...account.lanes].filter(({ place }) => place.incarnation > 0)
  const partitions = Map.groupBy(lanes, ({ place: { group, prefix, topic, partition } }) =>
    JSON.stringify([group, prefix, topic, partition])
  )
  for (const all of partitions.values()) {
    const sorted = all.toSorted(
      ({ place: one }, { place: other }) => one.epoch - other.epoch || one.incarnation - other.incarnation
    )
    for (const [index, lane] of sorted.entries()) checkLane(lane, sorted.slice(0, index), findings)
    checkResets(account, sorted, findings)
  }
}

function checkLane(lane: Lane, before: readonly Lane[], findings: Findings): void {
  const { first } = lane.stretches
  if (first === undefined) return
  let next = beginOf(lane, before, findings) ?? first
  for (const stretch of lane.stretches.all()) {
    const { given } = stretch
    if (given.first > next)
      findings.report(
        'OFFSETS_HOLE',
        { ...stretch.where, first: next, last: given.first - 1 },
        'no statement has these offsets'
      )
    if (given.first < next)
      findings.report(
        'OFFSETS_OVERLAP',
        { ...stretch.where, last: Math.min(next - 1, given.last) },
        'another statement has these offsets too'
      )
    next = Math.max(next, given.last + 1)
  }
}

/** Where the first stretch has to begin; undefined where it may begin anywhere, or that was reported. */
function beginOf({ place, begin, stretches: { first } }: Lane, before: readonly Lane[], findings: Findings) {
  if (begin) return begin.at
  if (before.length === 0 || first === undefined) return undefined
  // A sink whose database was restored reads again what the log has already.
  const restored = before.findLast(
    each => each.place.epoch < place.epoch && each.place.incarnation === place.incarnation
  )
  const end = restored?.end ?? restored?.begin?.at
  if (restored) return end === undefined || first <= end ? undefined : end
  const { topic, partition, incarnation, group } = place
  findings.report(
    'RESET_UNSIGNED',
    { topic, partition, incarnation, group, first },
    'the partition begins again here, and no entry says that an operator reset it'
  )
  return undefined
}

/** A reset says where the incarnation before it ended. */
function checkResets(account: Account, lanes: readonly Lane[], findings: Findings): void {
  for (const { place } of lanes) {
    const reset = account.resets.find(each => isSamePartition(place, each))
    const before = lanes.findLast(
      each => each.place.epoch === place.epoch && each.place.incarnation === place.incarnation - 1
    )
    const end = before?.end ?? before?.begin?.at
    if (!reset || end === undefined || end === reset.from) continue
    const { topic, partition, group } = place
    const [first, last] = [Math.min(end, reset.from), Math.max(end, reset.from) - 1]
    findings.report(
      end < reset.from ? 'OFFSETS_HOLE' : 'OFFSETS_OVERLAP',
      { topic, partition, incarnation: place.incarnation - 1, group, first, last },
      `the partition was reset at offset ${reset.from}, and its statements end at ${end}`
    )
  }
}
