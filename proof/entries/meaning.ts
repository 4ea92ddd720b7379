import { rowForm } from '../row.ts'
import type { Entry, Stretch } from './types.ts'

/** What is wrong with an entry beyond its form: numbers that do not add up. */
export function meaningFault(entry: Entry): string | undefined {
  if ((entry.seq === 0) !== (entry.previous === null)) return 'only the first entry of a writer has none before it'
  if ('form' in entry && entry.form !== rowForm) return `the form of rows is ${rowForm}`
  const times = [entry.recorded, entry.clock]
  if (times.some(time => typeof time === 'object' && time.first > time.last)) return 'the last time is before the first'
  switch (entry.kind) {
    case 'batch':
      return entry.stretch.map(stretchFault).find(fault => fault !== undefined) ?? overlapFault(entry.stretch)
    case 'adopted':
      if (entry.block.some(({ first, last, rows }) => first > last || rows === 0 || rows > last - first + 1))
        return 'a block has more rows than offsets, or none'
      return entry.bus.some(({ rows }) => rows === 0) ? 'a block has no rows' : undefined
    case 'retention':
      return (entry.kept.leaves === 0) === (entry.kept.digest === null)
        ? undefined
        : 'leaves that are kept have a digest'
    case 'key':
      return entry.add.length + entry.revoke.length === 0 ? 'it neither adds nor revokes a key' : undefined
    default:
      return undefined
  }
}

function stretchFault({
  first,
  last,
  rows,
  duplicates,
  quarantined,
  skipped,
  lost,
  root,
  aside
}: Stretch): string | undefined {
  if (rows + duplicates + quarantined + skipped + lost !== last - first + 1)
    return 'the offsets of a stretch do not add up'
  if ((rows === 0) !== (root === null)) return 'a stretch has a root where it has rows'
  if ((duplicates + quarantined + lost === 0) !== (aside === null))
    return 'a stretch has a digest where offsets are no rows'
  return undefined
}

/** Stretches are sorted, so that only neighbours can overlap. */
function overlapFault(stretches: readonly Stretch[]): string | undefined {
  const overlaps = stretches.some((stretch, index) => {
    const next = stretches[index + 1]
    return (
      next?.topic === stretch.topic &&
      next.partition === stretch.partition &&
      next.incarnation === stretch.incarnation &&
      next.first <= stretch.last
    )
  })
  return overlaps ? 'two stretches overlap' : undefined
}
