import type { CheckOptions, Report } from './checker.ts'
import type { Evidence, LedgerRange, Partition } from './facts.ts'

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`

/** The ledger has neither hole nor overlap, its ranges add up, and it agrees with the tables and with Kafka. */
export function checkLedger(
  evidence: Evidence,
  standing: ReadonlyMap<string, readonly { readonly where: string }[]>,
  options: CheckOptions,
  add: Report
): void {
  const byPartition = Map.groupBy(evidence.ledger, nameOf)
  for (const [partition, ranges] of byPartition) {
    for (const incarnation of Map.groupBy(ranges, range => range.incarnation).values())
      checkRanges(partition, incarnation, add)
  }
  for (const range of evidence.ledger) {
    if (range.skipped > 0 && !options.skippedExpected)
      add('skipped', `${nameOf(range)} from ${range.first} to ${range.last} passed ${range.skipped} over`)
  }
  checkPlaces(byPartition, standing, add)
  checkCounts(evidence, byPartition, add)
  for (const log of evidence.logs) {
    // The latest incarnation is of the log as it is now.
    const ranges = byPartition.get(nameOf(log)) ?? []
    const latest = Math.max(0, ...ranges.map(({ incarnation }) => incarnation))
    const reached = Math.max(
      log.start,
      ...ranges.filter(range => range.incarnation === latest).map(range => range.last + 1)
    )
    if (reached < log.end) add('log-unread', `${nameOf(log)} ends at ${log.end}, the ledger at ${reached}`)
    if (reached > log.end) add('log-unread', `${nameOf(log)} ends at ${log.end}, the ledger goes on to ${reached}`)
  }
}

function checkRanges(partition: string, ranges: readonly LedgerRange[], add: Report): void {
  let next: number | undefined
  for (const range of ranges.toSorted((one, other) => one.first - other.first || one.last - other.last)) {
    const { first, last, rows, duplicates, quarantined, skipped, lost } = range
    const sum = rows + duplicates + quarantined + skipped + lost
    if (last - first + 1 !== sum) add('ledger-sum', `${partition} from ${first} to ${last} counts ${sum}`)
    if (next !== undefined && first > next) add('ledger-hole', `${partition} from ${next} to ${first - 1}`)
    if (next !== undefined && first < next) add('ledger-overlap', `${partition} from ${first} to ${next - 1}`)
    next = Math.max(next ?? 0, last + 1)
  }
}

/** Each coordinate once for each incarnation of its log that had it. */
function checkPlaces(
  ledger: ReadonlyMap<string, readonly LedgerRange[]>,
  standing: ReadonlyMap<string, readonly { readonly where: string }[]>,
  add: Report
): void {
  for (const [place, there] of standing) {
    const at = place.lastIndexOf('@')
    const offset = Number(place.slice(at + 1))
    const ranges = ledger.get(place.slice(0, at)) ?? []
    const having = ranges.filter(({ first, last }) => first <= offset && offset <= last)
    const allowed = new Set(having.map(({ incarnation }) => incarnation)).size
    if (allowed === 0) add('ledger-missing', `${place} is not in the ledger, and there is a ${there[0]?.where}`)
    else if (there.length > allowed)
      add('counted-twice', `${place} is in ${there.length} places: ${there.map(({ where }) => where).join(', ')}`)
  }
}

function checkCounts(
  { rows, nonRows, gaps }: Evidence,
  ledger: ReadonlyMap<string, readonly LedgerRange[]>,
  add: Report
): void {
  const counted = new Map<string, Counts>()
  const of = (partition: string): Counts => {
    const known = counted.get(partition) ?? { rows: 0, duplicates: 0, quarantined: 0, lost: 0 }
    counted.set(partition, known)
    return known
  }
  for (const row of rows) of(nameOf(row)).rows += 1
  for (const aside of nonRows) of(nameOf(aside))[aside.kind === 'duplicate' ? 'duplicates' : 'quarantined'] += 1
  for (const gap of gaps) of(nameOf(gap)).lost += gap.last - gap.first + 1
  for (const partition of new Set([...ledger.keys(), ...counted.keys()])) {
    const tables = of(partition)
    for (const what of ['rows', 'duplicates', 'quarantined', 'lost'] as const) {
      const booked = (ledger.get(partition) ?? []).reduce((sum, range) => sum + range[what], 0)
      if (booked !== tables[what])
        add('ledger-count', `${partition}: the ledger counts ${booked} ${what}, the tables have ${tables[what]}`)
    }
  }
}

interface Counts {
  rows: number
  duplicates: number
  quarantined: number
  lost: number
}
