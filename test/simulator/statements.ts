import { keyOf } from '../../kafka/types/partition.ts'
import type { StoredEntry } from '../../proof/index.ts'
import { type Claim, sortDenied } from '../../trail/positions/fence.ts'
import type { LedgerEntry } from '../../trail/positions/ledger.ts'
import { clockTime } from '../../trail/proof/index.ts'
import { readRow, readRowId, rowEnd, rowIdKey, type TrailRow } from '../../trail/rows/copy-row.ts'
import type { Chunk, RowBytes } from '../../trail/types.ts'
import {
  type Booked,
  type Database,
  databaseError,
  nameOfEntry,
  type Offsets,
  type StoredRow,
  type Transaction
} from './database.ts'

/** What the fake refuses in COPY although it can be read, as a check of the table would. */
export const refusedByCopy = 'refused by the table'

/** What the fake fails on with an error that says nothing of a row or a server. */
export const failsUnexplained = 'fails unexplained'

const trailPartition = 'event_envelopes_default'

export function readRows(pieces: Iterable<Buffer>): TrailRow[] {
  const rows: TrailRow[] = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const end = rowEnd(piece, at)
      rows.push(readRow(piece, at, end))
      at = end
    }
  }
  return rows
}

const jsonbFault = (payload: string): string | undefined => (payload.includes('\\u0000') ? '22P05' : undefined)

export const unreadable = (payloads: readonly string[]): Map<number, string> =>
  new Map(
    payloads.flatMap((payload, index) => {
      const state = jsonbFault(payload)
      return state ? [[index, state] as const] : []
    })
  )

export const topicOf = (eventName: string): string => eventName

export async function insert(db: Database, tx: Transaction, rows: readonly TrailRow[], skipStanding = false) {
  const stored = new Set<string>()
  if (db.prover !== undefined && !tx.proved) throw databaseError('55000', { table: 'proof_settings' })
  for (const row of rows) {
    const fault = jsonbFault(row.payload)
    if (fault) throw databaseError(fault)
    if (row.payload.includes(refusedByCopy))
      throw databaseError('23514', { table: trailPartition, constraint: 'not_refused' })
    if (row.payload.includes(failsUnexplained)) throw databaseError('XX000')
    if (db.uniqueIds) {
      await db.lock(tx, `id ${row.id}`)
      if (db.tables.ids.has(row.id) || tx.ownIds.has(row.id)) {
        if (skipStanding) continue
        throw databaseError('23505', { table: trailPartition, constraint: `${trailPartition}_pkey` })
      }
    }
    const topic = topicOf(row.eventName)
    const key = keyOf({ topic, partition: row.partition })
    const incarnation = tx.ownOffsets.get(key)?.incarnation ?? db.tables.offsets.get(key)?.incarnation ?? 1
    const standing: StoredRow = { ...row, topic, incarnation, commit: 0, recordedAt: tx.began }
    tx.ownIds.set(row.id, standing)
    stored.add(row.id)
    const lock = tx.locks.get(`id ${row.id}`)
    tx.steps.push({
      apply: (tables, commit) => {
        const committed = { ...standing, commit }
        tables.rows.push(committed)
        tables.ids.set(row.id, committed)
      },
      undo: () => {
        tx.ownIds.delete(row.id)
        lock?.release()
        tx.locks.delete(`id ${row.id}`)
      }
    })
  }
  return stored
}

const find = (db: Database, tx: Transaction, id: string): StoredRow | undefined =>
  tx.ownIds.get(id) ?? db.tables.ids.get(id)

/** A stored event of that name. */
export function standingOf(db: Database, tx: Transaction, eventName: string): StoredRow | undefined {
  const ours = [...tx.ownIds.values()].find(row => row.eventName === eventName)
  return ours ?? db.tables.rows.find(row => row.eventName === eventName)
}

export function sameContent(db: Database, tx: Transaction, contents: readonly TrailRow[]): Set<number> {
  return new Set(
    contents.flatMap((wanted, index) => {
      const row = find(db, tx, wanted.id)
      const same =
        row?.aggregateId === wanted.aggregateId &&
        row.occurredAt === wanted.occurredAt &&
        row.eventName === wanted.eventName &&
        row.payload === wanted.payload &&
        row.schemaVersion === wanted.schemaVersion
      return same ? [index] : []
    })
  )
}

export function standing(db: Database, tx: Transaction, rows: readonly RowBytes[]): Set<string> {
  const known = rows.filter(({ buffer, start }) => find(db, tx, readRowId(buffer.bytes, start)))
  return new Set(known.map(({ buffer, start }) => rowIdKey(buffer.bytes, start)))
}

/** As the statement in `trail/positions/fence.ts`: rows that match in the snapshot are locked in order, then looked at again. */
export async function claim(db: Database, tx: Transaction, chunks: readonly Chunk[]): Promise<Claim> {
  const now = (key: string) => tx.ownOffsets.get(key) ?? db.tables.offsets.get(key)
  const fits = (chunk: Chunk) => {
    const at = now(keyOf(chunk))
    return at?.nextOffset === chunk.first && at.incarnation === chunk.incarnation && at.halted === undefined
  }
  const wanted = chunks.filter(fits).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const granted = new Map<string, { hour: Date }>()
  for (const chunk of wanted) {
    const key = keyOf(chunk)
    await db.lock(tx, `offsets ${key}`)
    if (!fits(chunk)) continue
    const before = now(key) as Offsets
    const lastRecord = chunk.lastRecord ?? before.lastRecord
    const updatedAt = Math.max(before.updatedAt, db.world.now)
    const topicId = before.topicId ?? chunk.topicId
    const known = { ...(lastRecord && { lastRecord }), ...(topicId !== undefined && { topicId }) }
    setOffsets(tx, key, { ...before, nextOffset: chunk.last + 1, updatedAt, ...known })
    granted.set(key, { hour: new Date(updatedAt - (updatedAt % 3_600_000)) })
  }
  const refused = chunks.filter(chunk => !granted.has(keyOf(chunk)))
  const actual = refused.flatMap(chunk => {
    const at = now(keyOf(chunk))
    return at ? [[keyOf(chunk), at] as const] : []
  })
  tx.proved = db.prover !== undefined
  return {
    granted,
    ...sortDenied(refused, new Map(actual)),
    ...(tx.proved && granted.size > 0 && { recorded: clockTime(tx.began) })
  }
}

export function setOffsets(tx: Transaction, key: string, offsets: Offsets): void {
  const before = tx.ownOffsets.get(key)
  tx.ownOffsets.set(key, offsets)
  tx.steps.push({
    apply: tables => tables.offsets.set(key, offsets),
    undo: () => (before ? tx.ownOffsets.set(key, before) : tx.ownOffsets.delete(key))
  })
}

export function extendLedger(
  db: Database,
  tx: Transaction,
  entries: readonly LedgerEntry[],
  hourOf: (chunk: Chunk) => Date
): void {
  for (const { chunk, rows, duplicates, quarantined } of entries) {
    const hour = hourOf(chunk).getTime()
    const key = keyOf(chunk)
    const { incarnation, first, last, skipped, lost } = chunk
    const name = `${key} ${incarnation} ${hour}`
    const extended = (before: Booked | undefined): Booked => ({
      key,
      incarnation,
      hour,
      first: before?.first ?? first,
      last,
      rows: rows + (before?.rows ?? 0),
      duplicates: duplicates + (before?.duplicates ?? 0),
      quarantined: quarantined + (before?.quarantined ?? 0),
      skipped: skipped + (before?.skipped ?? 0),
      lost: lost + (before?.lost ?? 0)
    })
    if (db.ledgerCheck && !addsUp(extended(db.tables.ledger.get(name))))
      throw databaseError('23514', { table: 'sink_ledger', constraint: 'sink_ledger_adds_up' })
    tx.steps.push({
      undo: () => undefined,
      apply: ({ ledger }) => ledger.set(name, extended(ledger.get(name)))
    })
  }
}

/** As `extensionSql` of `trail/proof`. @returns whether all were taken */
export async function extendStatements(
  db: Database,
  tx: Transaction,
  statements: readonly StoredEntry[]
): Promise<boolean> {
  let taken = 0
  for (const statement of statements) {
    const name = nameOfEntry(statement)
    await db.lock(tx, name)
    const before = db.tables.entries.get(name)
    if ((before && !before.open) || !db.takesStatements) continue
    taken += 1
    tx.steps.push({ undo: () => undefined, apply: ({ entries }) => entries.set(name, statement) })
  }
  return taken === statements.length
}

/** Closes what a writer has left open, in a transaction of its own. */
export async function closeStatements(db: Database, tx: Transaction, writer: string): Promise<void> {
  for (const [name, entry] of db.tables.entries) {
    if (entry.writer !== writer || !entry.open) continue
    await db.lock(tx, name)
    tx.steps.push({
      undo: () => undefined,
      apply: ({ entries }) => entries.set(name, { ...(entries.get(name) ?? entry), open: false })
    })
  }
}

const addsUp = ({ first, last, rows, duplicates, quarantined, skipped, lost }: Booked): boolean =>
  last - first + 1 === rows + duplicates + quarantined + skipped + lost
