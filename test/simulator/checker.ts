import type { Tables } from './database.ts'
import type { Log } from './log.ts'

/** A coordinate by the trail's count: a reset begins a new incarnation. */
const place = (key: string, incarnation: number, offset: number) => `${key}#${incarnation}@${offset}`

/**
 * Holds what is committed against what was ever published. Pure. @returns every violation, in words.
 * Every offset that the ledger covers is exactly one of: row, duplicate, quarantined, in a recorded gap, or no event.
 */
export function violations(tables: Tables, logs: ReadonlyMap<string, Log>): string[] {
  return [
    ...rowsAndAsides(tables, logs),
    ...coordinates(tables, logs),
    ...unaccounted(tables, logs),
    ...order(tables),
    ...ledger(tables)
  ]
}

const keyOfRow = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`

function rowsAndAsides(tables: Tables, logs: ReadonlyMap<string, Log>): string[] {
  const found: string[] = []
  const ids = new Set<string>()
  const at = (key: string, offset: number) =>
    (logs.get(key)?.history.get(offset) ?? []).flatMap(({ event }) => event ?? [])
  for (const row of tables.rows) {
    if (ids.has(row.id)) found.push(`id ${row.id} stands twice`)
    ids.add(row.id)
    const event = at(keyOfRow(row), row.offset).find(({ id, payload }) => id === row.id && payload === row.payload)
    if (!event) found.push(`${row.id} stands at ${keyOfRow(row)}@${row.offset}, where no such event was published`)
    else if (['nul', 'refused by copy', 'unexplained'].includes(event.kind))
      found.push(`${row.id} stands and is refused`)
  }
  for (const { key, offset, id } of tables.duplicates) {
    const standing = tables.ids.get(id)
    // A log that was cut back has had two events at one offset.
    if (!at(key, offset).some(each => each.id === id && each.payload === standing?.payload))
      found.push(`${key}@${offset} is listed as a duplicate and is none`)
  }
  for (const { key, offset, value, fault } of tables.quarantine) {
    const event = at(key, offset).find(each => value && each.value.equals(value))
    if (!event) found.push(`${key}@${offset} is quarantined with other bytes`)
    else if (fault.code === 'CONFLICT') {
      const standing = event.id === undefined ? undefined : tables.ids.get(event.id)
      if (!standing || standing.payload === event.payload) found.push(`${key}@${offset} is in conflict with nothing`)
    } else if ((fault.code === 'WRITE_FAILED') !== (event.kind === 'unexplained'))
      found.push(`${key}@${offset} (${event.kind}) is quarantined as ${fault.code}`)
    else if (['good', 'again', 'conflict'].includes(event.kind)) found.push(`${key}@${offset} is good and quarantined`)
  }
  return found
}

/** How often each coordinate is accounted for. */
function accounts(tables: Tables): Map<string, number> {
  const counts = new Map<string, number>()
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const row of tables.rows) count(place(keyOfRow(row), row.incarnation, row.offset))
  for (const { key, incarnation, offset } of tables.duplicates) count(place(key, incarnation, offset))
  for (const { key, incarnation, offset, last } of tables.quarantine)
    for (let held = offset; held <= last; held += 1) count(place(key, incarnation, held))
  for (const { key, incarnation, offset, to } of tables.gaps)
    for (let lost = offset; lost <= to; lost += 1) count(place(key, incarnation, lost))
  return counts
}

function coordinates(tables: Tables, logs: ReadonlyMap<string, Log>): string[] {
  const found: string[] = []
  const counts = accounts(tables)
  for (const [name, n] of counts) if (n !== 1) found.push(`${name} is accounted for ${n} times`)
  for (const { key, incarnation, first, last } of tables.ledger.values()) {
    const log = logs.get(key)
    for (let offset = first; offset <= last; offset += 1) {
      const entries = log?.history.get(offset) ?? []
      const taken = counts.delete(place(key, incarnation, offset))
      if (!taken && entries.every(({ event }) => event)) found.push(`${key}@${offset} was passed and is nowhere`)
    }
  }
  for (const name of counts.keys()) found.push(`${name} is accounted for outside of the ledger`)
  for (const { key, offset, to } of tables.gaps) {
    if (to >= (logs.get(key)?.removedTo ?? 0)) found.push(`${key}@${offset} to ${to} is booked as lost and was not`)
  }
  return found
}

/** Every event that is still in a log is in the trail, and the trail is at the end of the log. */
function unaccounted(tables: Tables, logs: ReadonlyMap<string, Log>): string[] {
  const found: string[] = []
  const quarantined = new Set(
    tables.quarantine.map(({ key, offset, value }) => `${key}@${offset} ${value?.toString('hex')}`)
  )
  for (const [key, log] of logs) {
    const at = tables.offsets.get(key)
    if (at && at.nextOffset !== log.end) found.push(`${key} stands at ${at.nextOffset}, its log ends at ${log.end}`)
    for (const { offset, event } of log.entries) {
      if (!event) continue
      const standing = event.id === undefined ? undefined : tables.ids.get(event.id)
      if (standing?.payload === event.payload) continue
      if (!quarantined.has(`${key}@${offset} ${event.value.toString('hex')}`))
        found.push(`${key}@${offset} (${event.kind}) is in the log and nowhere in the trail`)
    }
  }
  return found
}

/** What is further back in a partition was committed no later. */
function order(tables: Tables): string[] {
  const found: string[] = []
  for (const [name, rows] of Map.groupBy(tables.rows, row => `${keyOfRow(row)}#${row.incarnation}`)) {
    const sorted = rows.toSorted((a, b) => a.offset - b.offset)
    for (const [index, row] of sorted.entries()) {
      const before = sorted[index - 1]
      if (before && before.commit > row.commit) found.push(`${name}@${row.offset} was stored before ${before.offset}`)
    }
  }
  return found
}

function ledger(tables: Tables): string[] {
  const found: string[] = []
  const all = [...tables.ledger.values()]
  for (const [name, parts] of Map.groupBy(all, ({ key, incarnation }) => `${key}#${incarnation}`)) {
    const sorted = parts.toSorted((a, b) => a.hour - b.hour)
    for (const [index, part] of sorted.entries()) {
      const { first, last, rows, duplicates, quarantined, skipped, lost } = part
      if (last - first + 1 !== rows + duplicates + quarantined + skipped + lost)
        found.push(`the ledger of ${name} does not add up`)
      const before = sorted[index - 1]
      if (before && before.last + 1 !== first) found.push(`the ledger of ${name} goes from ${before.last} to ${first}`)
    }
    const last = sorted.at(-1)
    const at = last && tables.offsets.get(last.key)
    if (last && at?.incarnation === last.incarnation && at.nextOffset !== last.last + 1)
      found.push(`the ledger of ${name} ends at ${last.last}, its offset is ${at.nextOffset}`)
  }
  for (const column of ['rows', 'duplicates', 'quarantined'] as const) {
    const booked = all.reduce((sum, each) => sum + each[column], 0)
    const counted =
      column === 'quarantined'
        ? tables.quarantine.reduce((sum, { offset, last }) => sum + last - offset + 1, 0)
        : tables[column].length
    if (booked !== counted) found.push(`the ledger has ${booked} ${column}, there are ${counted}`)
  }
  return found
}
