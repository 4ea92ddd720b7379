import type { Findings } from '../findings.ts'
import type { Account } from './account.ts'
import { isSamePartition, type Lane, type PartitionPlace } from './lane.ts'

const counts = ['rows', 'duplicates', 'quarantined', 'skipped', 'lost'] as const

/** The sums of the ledger over all hours of a partition. */
export interface LedgerSum extends PartitionPlace, Readonly<Record<(typeof counts)[number], number>> {
  readonly first: number
  readonly last: number
}

/** The books of the database that statements have to agree with. */
export interface Books {
  readonly positions: readonly (PartitionPlace & { readonly next: number })[]
  readonly ledger: readonly LedgerSum[]
  /** With their times, µs since 2000. */
  readonly resets: readonly (PartitionPlace & { readonly at: number })[]
}

/** Holds ledger, positions and resets of the database against the statements, those that are not sealed yet included. */
export function checkBooks(account: Account, books: Books, findings: Findings): void {
  const lanes = [...account.lanes].filter(({ place }) => place.incarnation > 0)
  const lanesOf = (one: PartitionPlace): Lane[] =>
    lanes.filter(
      ({ place }) => place.group === one.group && place.topic === one.topic && place.partition === one.partition
    )
  for (const position of books.positions) checkPosition(position, lanesOf(position), account.epoch, findings)
  const { resets, began, epoch } = account
  for (const { at, ...place } of books.resets)
    if (at >= began && !resets.some(each => isSamePartition(each, place)))
      findings.report('RESET_UNSIGNED', place, 'the database has a reset that no operator has signed')
  // A restored database has counted what its sinks read since then once, and the log twice.
  if (epoch > 0) return
  for (const lane of lanes) {
    if (lane.stretches.size === 0) continue
    const { group, topic, partition, incarnation } = lane.place
    const place = { topic, partition, incarnation, group }
    if (!books.positions.some(each => isSamePartition({ ...each, incarnation }, lane.place)))
      findings.report('LEDGER_DIFFERS', place, 'the partition has no position any more')
    const sum = books.ledger.find(each => isSamePartition(each, lane.place))
    if (sum) checkSum(lane, sum, findings)
    else findings.report('LEDGER_DIFFERS', place, 'the ledger does not have the partition')
  }
}

function checkPosition(
  { next, ...place }: Books['positions'][number],
  lanes: readonly Lane[],
  epoch: number,
  findings: Findings
): void {
  const own = lanes.filter(lane => lane.place.incarnation === place.incarnation)
  if (own.length === 0) {
    // Where no statement has the partition, its sink has read nothing yet.
    if (lanes.length > 0)
      findings.report('RESET_UNSIGNED', place, 'the database has an incarnation that no operator has signed')
    return
  }
  const newest = own.find(lane => lane.place.epoch === epoch)
  // Of a database that was restored, and whose sink has not read on yet.
  if (!newest) return
  const end = newest.end ?? newest.begin?.at
  if (end !== undefined && end !== next)
    findings.report('LEDGER_DIFFERS', place, `the position is ${next}, and the statements end at ${end}`)
}

function checkSum(lane: Lane, sum: LedgerSum, findings: Findings): void {
  const { group, topic, partition, incarnation } = lane.place
  const place = { topic, partition, incarnation, group }
  const [first, end] = [lane.stretches.first as number, lane.end as number]
  if (sum.last + 1 !== end)
    findings.report('LEDGER_DIFFERS', place, `the ledger ends at ${sum.last + 1}, and the statements at ${end}`)
  // The ledger also has what was read before the proof began.
  if (sum.first < first) return
  const said = { rows: 0, duplicates: 0, quarantined: 0, skipped: 0, lost: 0 }
  for (const { given } of lane.stretches.all()) for (const name of counts) said[name] += given[name]
  const wrong = counts.filter(name => said[name] !== sum[name])
  if (sum.first !== first || wrong.length > 0)
    findings.report(
      'LEDGER_DIFFERS',
      place,
      `the ledger has ${wrong.map(name => `${sum[name]} ${name}`).join(', ') || `its first offset at ${sum.first}`}, and the statements ${wrong.map(name => said[name]).join(', ') || `at ${first}`}`
    )
}
