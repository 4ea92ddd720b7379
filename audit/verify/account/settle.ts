import type { Finding, Findings, Place } from '../findings.ts'
import { placeOfSource, timeOf } from '../source.ts'
import type { Account } from './account.ts'
import { type BusGroup, hexOf, rootOfGroup } from './bus.ts'
import { Gone, type GonePlace, isVerified } from './gone.ts'
import type { AddedRow, RowPlacer } from './rows.ts'
import { type Leaf, rootOf, type Stretch } from './stretch.ts'

/** Ranges that are named of one stretch. */
const mostRanges = 100
/** Rows of a stretch up to which it is tried out which one is too many. */
const mostTried = 2_048

/** A stretch with as many rows as it has to have, of which some are not what was recorded. */
export interface ChangedStretch {
  readonly finding: Finding
  readonly eventName: string
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly last: number
  /** Its rows as they are. */
  readonly rows: readonly Leaf[]
}

export interface Settled {
  /** Rows that are gone, with a signed entry that says so. */
  readonly gone: { readonly dropped: number; readonly lost: number }
  /** The first ones of the stretches that were changed. */
  readonly changed: readonly ChangedStretch[]
}

/** Stretches that were changed, and whose rows are looked at one by one. */
const mostChanged = 20

/** After the last row: says what is wrong with each stretch that is not whole, and which rows no statement has. */
export function settle(account: Account, placer: RowPlacer, findings: Findings): Settled {
  const gone = new Gone(account)
  const added = new Added(placer.added)
  const changed: ChangedStretch[] = []
  for (const { stretches, place } of account.lanes)
    for (const stretch of stretches.all(true)) {
      if (!isVerified(stretch.source)) continue
      if (stretch.outside) {
        const { count, offset } = stretch.outside
        const { first, last } = stretch.source.recorded
        findings.report(
          'RECORDED_AT_OUTSIDE',
          { ...stretch.where, first: offset, last: offset },
          `${count} rows of the statement, this one first, were not stored between ${timeOf(first)} and ${timeOf(last)}`
        )
      }
      if (stretch.state === 'whole') continue
      if (stretch.count < stretch.given.rows) settleMissing(stretch, gone, added, findings)
      else {
        const finding = settleOther(stretch, findings)
        const rows = finding && changed.length < mostChanged ? stretch.found() : []
        const { topic, partition, prefix } = place
        const eventName = topic.startsWith(prefix) ? topic.slice(prefix.length) : topic
        const { first, last } = stretch.given
        if (finding && rows.length > 0)
          changed.push({ finding, eventName, topic: stretch.where.topic ?? topic, partition, first, last, rows })
      }
    }
  for (const group of account.bus.groups) if (isVerified(group.source)) settleBus(account, group, gone, findings)
  settleRetries(account, gone, findings)
  for (const { place, gone: rows, said } of gone.tooMany())
    findings.report('ROW_MISSING', place, `${rows} rows are gone, and the months that were dropped had ${said}`)
  added.report(findings)
  return { gone: gone.rows, changed }
}

function settleMissing(stretch: Stretch, gone: Gone, added: Added, findings: Findings): void {
  const { given, where, count, source } = stretch
  const place: GonePlace = {
    ...{ topic: where.topic as string, partition: where.partition as number, first: given.first, last: given.last },
    incarnation: source.kind === 'adopted' ? 0 : (where.incarnation as number)
  }
  const missing = given.rows - count
  if (count === 0 && gone.isDropped(place)) {
    gone.drop(place, missing)
    return
  }
  const free: number[] = []
  for (let offset = given.first; offset <= given.last; offset += 1)
    if (!stretch.isTaken(offset) && !stretch.aside?.has(offset)) free.push(offset)
  if (gone.lostOf(place, free) >= missing) {
    gone.rows.lost += missing
    return
  }
  const others = count === 0 ? '' : `; the other ${count} rows of the statement cannot be checked without them`
  if (free.length !== missing) {
    findings.report('ROW_MISSING', where, `${missing} rows of these offsets are gone${others}`)
    return
  }
  const unnamed = free.filter(offset => {
    if (!added.claim(where.partition as number, offset)) return true
    findings.report('ROWS_CHANGED', { ...where, first: offset, last: offset }, 'the row has another event name')
    return false
  })
  for (const { first, last } of rangesOf(unnamed).slice(0, mostRanges))
    findings.report(
      'ROW_MISSING',
      { ...where, first, last },
      `${first === last ? 'the row is' : `${last - first + 1} rows are`} gone${others}`
    )
}

/** As many rows as there have to be, or more, and not those. @returns the finding where no row can be named */
function settleOther(stretch: Stretch, findings: Findings): Finding | undefined {
  const { given, where, count } = stretch
  const found = stretch.found()
  const changed = `${given.rows === 1 ? 'the row is' : 'the rows are'} not what was recorded`
  if (found.length === 0) return findings.report('ROWS_CHANGED', where, changed)
  if (count === given.rows) {
    // The other one of two rows with an offset may be the one that was recorded: it is reported as being there twice.
    const isOther = stretch.twice.some(other =>
      isRoot(
        found.map(each => (each.offset === other.offset ? other : each)),
        given.root
      )
    )
    return isOther ? undefined : findings.report('ROWS_CHANGED', where, changed)
  }
  const one =
    count === given.rows + 1 && count <= mostTried
      ? found.find((_, index) => isRoot(found.toSpliced(index, 1), given.root))
      : undefined
  if (one)
    findings.report(
      'ROW_ADDED',
      { ...where, first: one.offset, last: one.offset },
      'the statement does not have this row'
    )
  else findings.report('ROW_ADDED', where, `${count} rows are there, and the statement has ${given.rows}`)
  return undefined
}

const isRoot = (rows: readonly Leaf[], root: string | null): boolean =>
  rootOf(Buffer.concat(rows.map(({ leaf }) => Buffer.from(leaf, 'latin1')))) === root

function settleBus(account: Account, group: BusGroup, gone: Gone, findings: Findings): void {
  const { where, rows, leaves, outside, root } = group
  const place: Place = { topic: 'bus', ...where }
  if (outside > 0)
    findings.report('RECORDED_AT_OUTSIDE', place, `${outside} rows were stored at another time than the entry says`)
  if (leaves.size > rows)
    findings.report('ROW_ADDED', place, `${leaves.size} rows are there, and the entry has ${rows}`)
  else if (leaves.size === rows) {
    if (rootOfGroup(group) !== root) findings.report('ROWS_CHANGED', place, 'the rows are not what was recorded')
  } else {
    const ids = account.bus.missingOf(group)
    if (leaves.size === 0 && gone.dropOfBus(group.range ? [group.range.first, group.range.last] : ids, rows)) return
    for (const id of ids.slice(0, mostRanges))
      findings.report('ROW_MISSING', { ...place, event: dashed(id) }, 'the row is gone')
    if (ids.length === 0) findings.report('ROW_MISSING', place, `${rows - leaves.size} rows of ${rows} are gone`)
  }
}

function settleRetries(account: Account, gone: Gone, findings: Findings): void {
  for (const { seen, source, lane, offset, event } of account.retries()) {
    if (seen || !isVerified(source)) continue
    const { topic, partition, incarnation } = lane
    const place = { topic, partition, incarnation, first: offset, last: offset }
    if (gone.isInDroppedMonth(hexOf(event))) gone.drop(place, 1)
    else if (gone.lostOf(place, [offset]) > 0) gone.rows.lost += 1
    else
      findings.report(
        'ROW_MISSING',
        { ...place, ...placeOfSource(source) },
        'the row that was stored from quarantine is gone'
      )
  }
}

/** Rows that no statement has. */
class Added {
  readonly #rows: Set<AddedRow>

  constructor(rows: readonly AddedRow[]) {
    this.#rows = new Set(rows)
  }

  /** Takes a row away that has the offset of one that is missing: only its event name can be another one. */
  claim(partition: number, offset: number): boolean {
    const [found] = [...this.#rows].filter(row => row.partition === partition && row.offset === offset)
    return found !== undefined && this.#rows.delete(found)
  }

  report(findings: Findings): void {
    const places = Map.groupBy(this.#rows, ({ eventName, partition }) => JSON.stringify([eventName, partition]))
    for (const rows of places.values()) {
      const [{ eventName: topic, partition }] = rows as [AddedRow]
      if (partition === null) {
        for (const { id, recorded } of rows)
          findings.report(
            'ROW_ADDED',
            { topic, event: dashed(id) },
            `no entry of the bus has this row, recorded ${timeOf(recorded)}`
          )
        continue
      }
      for (const { first, last } of rangesOf(rows.map(({ offset }) => offset as number))) {
        const recorded = rows.find(({ offset }) => offset === first)?.recorded as number
        findings.report(
          'ROW_ADDED',
          { topic, partition, first, last },
          `no statement accounts for it, recorded ${timeOf(recorded)}`
        )
      }
    }
  }
}

function rangesOf(offsets: readonly number[]): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = []
  for (const offset of offsets.toSorted((one, other) => one - other)) {
    const range = ranges.at(-1)
    if (range && offset <= range.last + 1) range.last = offset
    else ranges.push({ first: offset, last: offset })
  }
  return ranges
}

const dashed = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
