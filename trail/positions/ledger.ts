import { keyOf } from '../../kafka/index.ts'
import type { Session } from '../../postgres/index.ts'
import type { StoredEntry } from '../../proof/index.ts'
import { TrailError } from '../errors.ts'
import { extensionSql, extensionValues } from '../proof/index.ts'
import type { RowsResult } from '../types.ts'
import { type Chunk, offsetsIn, type Row } from '../types.ts'

/** What is booked for one chunk of a partition. */
export interface LedgerEntry {
  readonly chunk: Chunk
  readonly rows: number
  readonly duplicates: number
  /** Offsets: a refused range counts all of it. */
  readonly quarantined: number
}

/**
 * Books every chunk of a batch: each record of a chunk is a row, a duplicate or quarantined.
 * @throws TrailError `LEDGER_MISMATCH` when a chunk does not add up, or the rows of all are not as many as Postgres
 * counted; the transaction must then be rolled back.
 */
export function bookEntries(chunks: readonly Chunk[], result: RowsResult): LedgerEntry[] {
  const duplicates = countByChunk(result.duplicates)
  const badRows = countByChunk(result.badRows.map(({ row }) => row))
  const entries = chunks.map(chunk => book(chunk, duplicates.get(chunk) ?? 0, badRows.get(chunk) ?? 0))
  const rows = entries.reduce((sum, entry) => sum + entry.rows, 0)
  if (rows !== result.stored) {
    throw new TrailError('LEDGER_MISMATCH', `Postgres stored ${result.stored} rows, but ${rows} were counted`)
  }
  return entries
}

function book(chunk: Chunk, duplicates: number, refusedByPostgres: number): LedgerEntry {
  const { rows, badRecords, first, last, skipped, lost } = chunk
  const range = last - first + 1
  const refusedByUs = badRecords.reduce((sum, each) => sum + offsetsIn(each), 0)
  const records = rows + refusedByUs
  if (skipped < 0 || records + skipped + lost !== range) {
    const counted = `${records} records, ${skipped} skipped and ${lost} lost`
    throw new TrailError('LEDGER_MISMATCH', `${keyOf(chunk)}: offsets ${first} to ${last} are ${range}, not ${counted}`)
  }
  return {
    chunk,
    rows: rows - duplicates - refusedByPostgres,
    duplicates,
    quarantined: refusedByUs + refusedByPostgres
  }
}

function countByChunk(rows: readonly Row[]): Map<unknown, number> {
  const counts = new Map<unknown, number>()
  for (const { chunk } of rows) counts.set(chunk, (counts.get(chunk) ?? 0) + 1)
  return counts
}

/**
 * Extends the ledger's row of each partition's hour. The table's own check refuses a hole inside of an hour.
 * @param statements what the proof says of the same rows, stored with one round trip
 * @returns whether all of the statements were taken: false where one is sealed by now, or a trigger left it out
 */
export async function writeLedger(
  client: Session,
  group: string,
  entries: readonly LedgerEntry[],
  hourOf: (chunk: Chunk) => Date,
  statements: readonly StoredEntry[] = []
): Promise<boolean> {
  const proved = statements.length > 0
  const { rows } = await client.query<{ taken: number }>({
    name: proved ? 'extend-ledger-proved' : 'extend-ledger',
    text: `
      ${proved ? `WITH said AS (${extensionSql('$13', '$14', '$15', '$16', '$17')})` : ''}
      INSERT INTO sink_ledger AS l (consumer_group, topic, partition, incarnation, hour, first_offset, last_offset,
        rows, duplicates, quarantined, skipped, lost)
      SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[], $5::timestamptz[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
      ON CONFLICT (consumer_group, topic, partition, incarnation, hour) DO UPDATE SET
        last_offset = excluded.last_offset,
        rows = l.rows + excluded.rows,
        duplicates = l.duplicates + excluded.duplicates,
        quarantined = l.quarantined + excluded.quarantined,
        skipped = l.skipped + excluded.skipped,
        lost = l.lost + excluded.lost
      ${proved ? 'RETURNING (SELECT count(*) FROM said)::int AS taken' : ''}`,
    values: [
      group,
      entries.map(({ chunk }) => chunk.topic),
      entries.map(({ chunk }) => chunk.partition),
      entries.map(({ chunk }) => chunk.incarnation),
      entries.map(({ chunk }) => hourOf(chunk)),
      entries.map(({ chunk }) => chunk.first),
      entries.map(({ chunk }) => chunk.last),
      entries.map(({ rows }) => rows),
      entries.map(({ duplicates }) => duplicates),
      entries.map(({ quarantined }) => quarantined),
      entries.map(({ chunk }) => chunk.skipped),
      entries.map(({ chunk }) => chunk.lost),
      ...(proved ? extensionValues('batch', statements) : [])
    ]
  })
  return !proved || rows[0]?.taken === statements.length
}

/** Writes down what was lost before it could be read, for {@link Chunk.lost}. */
export async function writeGaps(client: Session, group: string, chunks: readonly Chunk[]): Promise<void> {
  for (const { topic, partition, incarnation, first, lost } of chunks) {
    if (lost === 0) continue
    await client.query(
      `INSERT INTO sink_gaps (consumer_group, topic, partition, incarnation, first_offset, last_offset, reason)
       VALUES ($1, $2, $3, $4, $5, $6, 'removed from the log before it was read')`,
      [group, topic, partition, incarnation, first, first + lost - 1]
    )
  }
}
