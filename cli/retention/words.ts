import { counted, printable, table } from '../../core/index.ts'
import type { DropPlan, DroppedMonth, Hold, ListedMonth, UnfinishedDrop } from '../../operations/index.ts'

const figure = (count: number): string => count.toLocaleString('en-US')
const mebibytes = (bytes: number): string => `${figure(Math.ceil(bytes / 1_048_576))} MiB`

/** The months of `retention list`, and what does not add up. */
export function monthLines(months: readonly ListedMonth[]): string[] {
  if (months.length === 0) return ['the trail has no month']
  const rows = months.map(({ month, place, rows, isEstimate, bytes, holds, faults }) => [
    month,
    isEstimate ? `about ${figure(rows)}` : figure(rows),
    place === 'default' ? 'in the DEFAULT partition' : mebibytes(bytes ?? 0),
    holds.join(', ') || '-',
    faults === null ? 'not checked' : faults.length === 0 ? 'yes' : 'NO'
  ])
  const byChance = months.reduce((sum, each) => sum + (each.byChance ?? 0), 0)
  return [
    ...table([['MONTH', 'ROWS', 'SIZE', 'HOLDS', 'ADDS UP'], ...rows]),
    ...months.flatMap(({ month, faults }) => (faults ?? []).map(fault => `${month} does not add up: ${fault}`)),
    ...(byChance > 0 ? [byChanceWords(byChance)] : [])
  ]
}

const byChanceWords = (rows: number): string =>
  `${figure(rows)} of the rows have ids of other versions than 7, which carry no time: they are in their month by chance, and go with it`

/** Months that were dropped, with who and why. */
export function droppedLines(dropped: readonly DroppedMonth[]): string[] {
  if (dropped.length === 0) return []
  const rows = dropped.map(({ month, at, rows, archive, actor, reason }) => [
    ...[month, at.toISOString(), figure(rows), archive ?? 'none', actor, reason]
  ])
  return ['', ...table([['DROPPED', 'AT', 'ROWS', 'ARCHIVE', 'BY', 'REASON'], ...rows])]
}

/** Holds that were not released, with who and why. */
export function holdLines(holds: readonly Hold[]): string[] {
  if (holds.length === 0) return []
  const rows = holds.map(({ id, at, month, eventName, aggregateId, actor, reason }) => [
    ...[String(id), at.toISOString(), month ?? 'every', eventName ?? 'any', aggregateId ?? 'any', actor, reason]
  ])
  return ['', ...table([['HOLD', 'SINCE', 'MONTH', 'EVENT', 'AGGREGATE', 'BY', 'REASON'], ...rows])]
}

/** Drops that have not ended: running, or to be continued by the same command. */
export const unfinishedLines = (unfinished: readonly UnfinishedDrop[]): string[] =>
  unfinished.map(({ month, status, archive, id }) =>
    status === 'running'
      ? `a drop of ${month} is running (action ${id})`
      : `a drop of ${month} was interrupted (action ${id}): \`eventtrail retention drop ${month}${archive === null ? '' : ` --archive ${printable(archive)}`}\` with --yes and --reason continues it`
  )

/** What `retention drop --dry-run` found. */
export function planLines({ month, facts, refusals, held }: DropPlan): string[] {
  const rows = facts.partitions.map(({ eventName, partition, rows, firstOffset, lastOffset }) => [
    eventName,
    partition === null ? 'not from Kafka' : String(partition),
    figure(rows),
    firstOffset === null ? '-' : `${firstOffset} to ${lastOffset}`
  ])
  return [
    ...(rows.length > 0 ? table([['EVENT', 'PARTITION', 'ROWS', 'OFFSETS'], ...rows]) : []),
    `${month.name} has ${counted(facts.rows, 'row')}`,
    ...(facts.byChance > 0 ? [byChanceWords(facts.byChance)] : []),
    ...(held > 0
      ? [
          `${counted(held, 'record')} between these offsets ${held === 1 ? 'is' : 'are'} held in quarantine, and would stay there: \`eventtrail quarantine list\``
        ]
      : []),
    ...(refusals.length === 0
      ? ['it can be dropped']
      : ['it would not be dropped:', ...refusals.map(each => `  ${each}`)])
  ]
}
