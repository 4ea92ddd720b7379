import { keyOf } from '../../kafka/index.ts'
import type { Session } from '../../postgres/index.ts'
import { classify, faultName } from '../classify.ts'
import type { RecordFaultCode } from '../errors.ts'
import { type Chunk, idOf, offsetsIn, type RowsResult } from '../types.ts'
import { copyPieces } from './pg-rows.ts'
import {
  type QuarantineRow,
  quarantineBytes,
  quarantineColumns,
  quarantineRowOf,
  rowWithoutBytes
} from './quarantine-row.ts'
import type { TrailSession } from './session.ts'

/** Puts duplicates into their list. */
export async function listDuplicates(
  client: Session,
  group: string,
  { duplicates }: Pick<RowsResult, 'duplicates'>
): Promise<void> {
  if (duplicates.length === 0) return
  await client.query(
    `INSERT INTO sink_duplicates (consumer_group, topic, partition, incarnation, kafka_offset, event_id)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[], $5::bigint[], $6::uuid[])`,
    [
      group,
      duplicates.map(({ chunk }) => chunk.topic),
      duplicates.map(({ chunk }) => chunk.partition),
      duplicates.map(({ chunk }) => chunk.incarnation),
      duplicates.map(({ offset }) => offset),
      duplicates.map(idOf)
    ]
  )
}

/** What was refused before COPY and what Postgres refused, in the order of the log. */
export function quarantineRowsOf(chunks: readonly Chunk[], result: RowsResult): QuarantineRow[] {
  const ours = chunks.flatMap(chunk => chunk.badRecords.map(bad => quarantineRowOf(chunk, bad, () => bad.record)))
  const theirs = result.badRows.map(({ row, fault }) =>
    quarantineRowOf(row.chunk, { offset: row.offset, fault }, () => row.record)
  )
  return [...ours, ...theirs].sort((a, b) => a.offset - b.offset)
}

const copyIntoQuarantine = `COPY sink_quarantine (consumer_group, ${quarantineColumns.join(', ')}) FROM STDIN (FORMAT binary)`

/** Puts bad records into quarantine, where they are kept whole. */
export async function quarantine(client: Session, group: string, rows: readonly QuarantineRow[]): Promise<void> {
  await copyPieces(client, quarantineBytes(group, rows), rows.length, copyIntoQuarantine)
}

type QuarantineSession = Pick<TrailSession, 'quarantine' | 'savepoint' | 'rollbackToSavepoint' | 'releaseSavepoint'>

/**
 * The same by halves, for what fails: an entry that cannot be written alone is kept without its bytes. Runs inside the
 * caller's transaction, on savepoints. @returns the entries as they are kept
 */
export async function quarantineByHalves(
  session: QuarantineSession,
  rows: readonly QuarantineRow[]
): Promise<QuarantineRow[]> {
  const [only] = rows
  if (!only) return []
  const failure = await tryKeeping(session, rows)
  if (!failure) return [...rows]
  if (rows.length === 1) return [await keepWithoutBytes(session, only, failure.error)]
  const middle = rows.length >> 1
  const before = await quarantineByHalves(session, rows.slice(0, middle))
  return [...before, ...(await quarantineByHalves(session, rows.slice(middle)))]
}

/**
 * Keeps an entry without its bytes, once it is certain that these are what fails: an error that does not name them
 * comes each time, and the entry is taken without them in between. @returns the entry as it is kept
 */
async function keepWithoutBytes(
  session: QuarantineSession,
  only: QuarantineRow,
  error: unknown
): Promise<QuarantineRow> {
  const kept = rowWithoutBytes(only.chunk, only, `each write of them fails (${faultName(error)})`)
  for (let again = 0; again < 2 && classify(error) === 'unknown'; again += 1) {
    await session.savepoint()
    await session.quarantine([kept])
    await session.rollbackToSavepoint()
    const failure = await tryKeeping(session, [only])
    if (!failure) return only
    if (faultName(failure.error) !== faultName(error)) throw failure.error
  }
  await session.quarantine([kept])
  return kept
}

async function tryKeeping(
  session: QuarantineSession,
  rows: readonly QuarantineRow[]
): Promise<{ readonly error: unknown } | undefined> {
  await session.savepoint()
  try {
    await session.quarantine(rows)
  } catch (error) {
    const verdict = classify(error)
    if (verdict !== 'row' && verdict !== 'unknown') throw error
    await session.rollbackToSavepoint()
    return { error }
  }
  await session.releaseSavepoint()
  return undefined
}

/** How many offsets there are of each code. */
export function countByCode(rows: readonly QuarantineRow[]): Map<RecordFaultCode, number> {
  const counts = new Map<RecordFaultCode, number>()
  for (const row of rows) {
    const { code } = row.fault
    counts.set(code, (counts.get(code) ?? 0) + offsetsIn(row))
  }
  return counts
}

/** The partitions that a fault was found in, with their counts: for logs. */
export function countByPartition(rows: readonly QuarantineRow[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const key = `${keyOf(row.chunk)} ${row.fault.code}`
    counts.set(key, (counts.get(key) ?? 0) + offsetsIn(row))
  }
  return counts
}

/** Each reason for which the table refused something, once: for logs. */
export function tableFaults(rows: readonly QuarantineRow[]): QuarantineRow['fault'][] {
  const faults = rows.map(({ fault }) => fault).filter(({ code }) => code === 'TABLE_REFUSED')
  return [...new Map(faults.map(fault => [fault.reason, fault])).values()]
}
