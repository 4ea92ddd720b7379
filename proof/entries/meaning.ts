import { parseVkey } from '../keys.ts'
import { rowForm } from '../row.ts'
import type { Entry, Stretch } from './types.ts'

/** What is wrong with an entry beyond its form: numbers that do not add up. */
export function meaningFault(entry: Entry): string | undefined {
  if ((entry.seq === 0) !== (entry.previous === null)) return 'only the first entry of a writer has none before it'
  if ('form' in entry && entry.form !== rowForm) return `the form of rows is ${rowForm}`
  const times = [entry.recorded, entry.clock]
  if (times.some(time => typeof time === 'object' && time.first > time.last)) return 'the last time is before the first'
  const places = placesIn(entry)
  if (places.some(({ incarnation = 1 }) => incarnation === 0)) return 'the first incarnation is 1'
  if (places.some(({ first, last }) => first !== undefined && last !== undefined && first > last))
    return 'the last is before the first'
  switch (entry.kind) {
    case 'batch':
      return entry.stretch.map(stretchFault).find(fault => fault !== undefined) ?? overlapFault(entry.stretch)
    case 'adopted':
      if (entry.block.some(({ first, last, rows }) => rows === 0 || rows > last - first + 1))
        return 'a block has more rows than offsets, or none'
      return entry.bus.some(({ rows }) => rows === 0) ? 'a block has no rows' : undefined
    case 'retention':
      if (entry.bounds.from !== startOf(entry.month) || entry.bounds.to !== startOf(monthAfter(entry.month)))
        return 'the bounds are not those of the month'
      return (entry.kept.leaves === 0) === (entry.kept.digest === null)
        ? undefined
        : 'leaves that are kept have a digest'
    case 'restored':
      return entry.entries.had > entry.entries.of ? 'the database had more entries than the log' : undefined
    case 'key':
      if (entry.add.length + entry.revoke.length === 0) return 'it neither adds nor revokes a key'
      return entry.add.every(({ key, role }) => isNamed(parseVkey(key).name, role, entry.origin))
        ? undefined
        : 'a key has a name that its role does not have'
    default:
      return undefined
  }
}

interface Place {
  readonly incarnation?: number
  readonly first?: number | string
  readonly last?: number | string
}

/** Where in a partition, or in the order of ids, an entry says something. */
function placesIn(entry: Entry): readonly Place[] {
  switch (entry.kind) {
    case 'batch':
      return entry.stretch
    case 'retry':
    case 'resolution':
      return [entry.record]
    case 'reset':
      return entry.reset
    case 'adopted':
      return [...entry.block, ...entry.bus, ...entry.position]
    case 'retention':
      return entry.dropped
    case 'loss':
      return entry.lost
    default:
      return []
  }
}

const startOf = (month: string): string => `${month}-01T00:00:00.000000Z`

function monthAfter(text: string): string {
  const [year = 0, month = 0] = text.split('-').map(Number)
  const next = month === 12 ? [year + 1, 1] : [year, month + 1]
  return next.map((each, index) => String(each).padStart(index === 0 ? 4 : 2, '0')).join('-')
}

/** The key of the log has its name; those of entries are below it. */
const isNamed = (name: string, role: string, origin: string): boolean =>
  role === 'log' ? name === origin : name.startsWith(`${origin}/`) && name.length > origin.length + 1

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
