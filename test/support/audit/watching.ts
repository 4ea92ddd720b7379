import { randomUUID } from 'node:crypto'
import type { Stretch } from '../../../audit/watch/compare.ts'
import { PartitionWatch } from '../../../audit/watch/partition.ts'
import type { Seen } from '../../../audit/watch/seen.ts'
import { AsideDigest, type AsideLine, leafOf, WideTree } from '../../../proof/index.ts'

/** ms since 1970 of every record that is made here. */
export const recordTime = 1_790_000_000_000

/** A record that can be an event: at an offset, with an id of its own. */
export interface MadeRecord {
  readonly offset: number
  readonly id: string
  readonly leaf: Buffer
}

export const madeRecord = (offset: number): MadeRecord => {
  const id = randomUUID()
  return { offset, id, leaf: leafOf(Buffer.from(`${offset} ${id}`)) }
}
export const madeRecords = (first: number, last: number): MadeRecord[] =>
  Array.from({ length: last - first + 1 }, (_, index) => madeRecord(first + index))

/** What was read of these records. */
export function seenOf(records: readonly MadeRecord[], more: Partial<Seen> = {}): Seen {
  const [first, last] = [records[0]?.offset ?? 0, records.at(-1)?.offset ?? 0]
  return {
    ...{ first, last, doubts: new Map(), bad: [] },
    offsets: Float64Array.from(records, ({ offset }) => offset),
    times: Float64Array.from(records, () => recordTime),
    leaves: Buffer.concat(records.map(({ leaf }) => leaf)),
    ids: Buffer.concat(records.map(({ id }) => Buffer.from(id.replaceAll('-', ''), 'hex'))),
    ...more
  }
}

/** What an honest sink says of offsets: of some records that they are rows, and the lines about others. */
export function stretchOf(
  rows: readonly MadeRecord[],
  lines: readonly AsideLine[] = [],
  more: Partial<Stretch> = {}
): Stretch {
  const tree = new WideTree()
  for (const { leaf } of rows) tree.append(leaf)
  const aside = new AsideDigest()
  for (const line of lines) aside.add(line)
  const count = (kind: AsideLine['kind']): number =>
    lines
      .filter(line => line.kind === kind)
      .reduce((sum, line) => sum + (('last' in line && line.last) || line.offset) - line.offset + 1, 0)
  const offsets = [...rows, ...lines].map(({ offset }) => offset)
  const counts = { duplicates: count('duplicate'), quarantined: count('quarantined'), lost: count('lost') }
  const [first, last] = [more.first ?? Math.min(...offsets), more.last ?? Math.max(...offsets)]
  return {
    ...{ topic: 'orders.placed', partition: 0, incarnation: 1, first, last, rows: rows.length, ...counts },
    skipped: last - first + 1 - rows.length - counts.duplicates - counts.quarantined - counts.lost,
    root: tree.root()?.toString('base64') ?? null,
    aside: aside.digest(),
    ...more
  }
}

/** A partition that is watched, and what is reported of it, in the words of one line each. */
export function watchedPartition() {
  const reports: string[] = []
  const watch = new PartitionWatch(
    { topic: 'orders.placed', partition: 0 },
    {
      finding: (code, { first, last }) => reports.push(`${code} ${first}-${last}`),
      uncompared: ({ first, last }) => reports.push(`uncompared ${first}-${last}`),
      compared: records => reports.push(`compared ${records}`)
    }
  )
  const patience = { now: 0, withinMs: 1_000, began: 0 }
  return {
    watch,
    patience,
    /** All that was reported since the last call. */
    reported: () => reports.splice(0),
    /** Reads records as one batch. */
    read: (records: readonly MadeRecord[], more: Partial<Seen> = {}, readAt = 0) => {
      const seen = seenOf(records, more)
      const from = watch.begin(seen.first, seen.last)
      if (typeof from === 'number') watch.take(seen, readAt, seen.last + 1)
      return from
    },
    state: (stretch: Stretch, entry = stretch.first) => watch.state({ stretch, entry, readAt: 0 })
  }
}
