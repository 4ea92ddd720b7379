import type { Supersedes } from '../../../kafka/index.ts'
import { anyParkedRow, parkedRow, type RowVersion, redriveRow } from './rows.ts'

const oldest: RowVersion = [0, 0, 0]

/** Below 0: `one` is older. */
export function compareVersions(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index])
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}

/** @param value of a row of either kind */
export const versionOf = (value: Buffer | undefined): RowVersion =>
  (anyParkedRow(value) ?? redriveRow(value))?.version ?? oldest

/**
 * Which of two rows counts: the one with the higher version. What a member wrote before it lost its partition may be stored
 * after what the next one has written. A tombstone has no version: it removes only what is of no use any more.
 */
export const supersedes: Supersedes = (name, value, rows) => {
  const before = rows.get(name)
  if (before === undefined) return true
  if (value !== undefined) return compareVersions(versionOf(value), versionOf(before)) >= 0
  const [, topic, key] = name.split('/')
  const parked = parkedRow(rows.get(`parked/${topic}/${key}`))
  return parked === undefined || (name.startsWith('redrive/') && redriveRow(before)?.parked !== parked.id)
}

/**
 * The era in which a member writes that joined in `generation`: a further one where the table has rows of a later
 * generation, which is possible only where the group was deleted, or the member has lost its partitions.
 */
export function eraOf(rows: Iterable<Buffer>, generation: number): { readonly era: number; readonly isNew: boolean } {
  let highest = oldest
  for (const row of rows) if (compareVersions(versionOf(row), highest) > 0) highest = versionOf(row)
  const [era, latest] = highest
  return latest > generation ? { era: era + 1, isNew: true } : { era, isNew: false }
}
