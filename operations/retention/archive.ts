import { ArchiveError, type ArchiveStore, parquetFile, parquetWriter } from '../../archive/index.ts'
import type { Pool, PooledSession } from '../../postgres/index.ts'
import type { RunningAction } from '../actions/index.ts'
import { archiveColumns, type ColumnOfTable, RowDigests, toCell } from './columns.ts'
import { factsOf, type MonthFacts, sameRows } from './facts.ts'
import type { Month } from './month.ts'
import { stopped } from './remove.ts'
import { noteStep, stepsOf } from './steps.ts'

export interface ArchiveParts {
  readonly pool: Pool
  readonly month: Month
  readonly store: ArchiveStore
  readonly action: RunningAction
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/** An archive that was written, as it is noted. */
interface Written {
  readonly name: string
  readonly bytes: number
  readonly rows: number
  /** SHA-256 of the ids in their order, a line each. */
  readonly idsSha256: string
  /** SHA-256 of all cells, see {@link RowDigests}. */
  readonly rowsSha256: string
  readonly facts: MonthFacts
}

/** What is in the archive of a month, and where it is. */
export interface Archived {
  readonly facts: MonthFacts
  readonly address: string
}

/**
 * Writes a month into an archive and reads that back, or continues after the last step that was noted. Each attempt has
 * a name of its own, and replaces nothing.
 * @throws ArchiveError; OperationsError `ACTION_STOPPED`, `ACTION_LOST`; ConfigError where Parquet cannot be written; a database error
 */
export async function archiveMonth(parts: ArchiveParts): Promise<Archived> {
  const { pool, month, store, action } = parts
  const steps = await stepsOf(pool, action.id)
  const [last] = steps
  const isWritten = last?.step === 'archive written' || last?.step === 'archive verified'
  const current = isWritten ? (last.detail as unknown as Written) : undefined
  // The rows may be others since: then it is written again.
  const isCurrent = current !== undefined && sameRows(current.facts, await factsOf(pool, month))
  const earlier = steps.filter(({ step }) => step === 'archive begun')
  if (!isCurrent) for (const { detail } of earlier) await store.removeUnfinished(String(detail.name))
  const written = isCurrent ? current : await write(parts, earlier.length + 1)
  if (!isCurrent || last?.step !== 'archive verified') {
    await action.requireHeld()
    await verifyOrReject(parts, written)
    await noteStep(pool, action.id, month.name, 'archive verified', { ...written })
  }
  return { facts: written.facts, address: store.addressOf(written.name) }
}

/** An archive that is not what was written is not looked at again. */
async function verifyOrReject(parts: ArchiveParts, written: Written): Promise<void> {
  try {
    await verify(parts, written)
  } catch (error) {
    if (error instanceof ArchiveError && ['ARCHIVE_DIFFERS', 'ARCHIVE_MISSING'].includes(error.code))
      await noteStep(parts.pool, parts.action.id, parts.month.name, 'archive rejected', { name: written.name })
    throw error
  }
}

const rowsOfPage = 2_000

async function write(parts: ArchiveParts, attempt: number): Promise<Written> {
  const { pool, month, store, action, onProgress, signal } = parts
  const name = `event_envelopes-${month.name}-${action.id}-${attempt}.parquet`
  await action.requireHeld()
  await noteStep(pool, action.id, month.name, 'archive begun', { name })
  const client = await pool.connect()
  try {
    // One state of the trail for counts and rows. A slow store is no idle session.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
    const facts = await factsOf(client, month)
    const columns = await archiveColumns(client)
    const file = await store.create(name)
    try {
      const writer = await parquetWriter(columns, file)
      const digests = new RowDigests()
      let rows = 0
      for await (const page of pagesOf(client, month, columns)) {
        if (signal.aborted) throw stopped(month)
        for (const row of page) {
          const cells = row.map((value, index) => toCell(columns[index] as ColumnOfTable, value))
          digests.add(cells)
          await writer.write(cells)
        }
        rows += page.length
        if (rows % (rowsOfPage * 50) === 0) onProgress(`archiving ${month.name}: ${rows} of ${facts.rows} rows`)
      }
      const { idsSha256, rowsSha256 } = digests.ends()
      const { bytes } = await writer.finish(footer(month, { facts, columns, idsSha256, rowsSha256 }))
      await file.finish()
      const written = { name, bytes, rows, idsSha256, rowsSha256, facts }
      await noteStep(pool, action.id, month.name, 'archive written', written)
      return written
    } catch (error) {
      await file.abort()
      throw error
    }
  } finally {
    // The transaction ends with the session.
    client.release(true)
  }
}

async function* pagesOf(
  client: PooledSession,
  { from, to }: Month,
  columns: readonly ColumnOfTable[]
): AsyncGenerator<readonly unknown[][]> {
  const list = columns.map(({ sql }) => sql).join(', ')
  await client.query(
    `DECLARE of_month NO SCROLL CURSOR FOR SELECT ${list} FROM event_envelopes WHERE id >= '${from}' AND id < '${to}' ORDER BY id`
  )
  for (;;) {
    const { rows } = (await client.query({
      text: `FETCH ${rowsOfPage} FROM of_month`,
      // Two columns of one name would be one in an object.
      rowMode: 'array'
    } as { text: string })) as { rows: unknown[][] }
    if (rows.length === 0) return
    yield rows
  }
}

/** What an archive says of itself. */
function footer(
  month: Month,
  {
    facts,
    columns,
    idsSha256,
    rowsSha256
  }: Pick<Written, 'facts' | 'idsSha256' | 'rowsSha256'> & { readonly columns: readonly ColumnOfTable[] }
): Record<string, string> {
  return {
    'eventtrail.month': month.name,
    'eventtrail.rows': String(facts.rows),
    'eventtrail.ids_sha256': idsSha256,
    'eventtrail.rows_sha256': rowsSha256,
    'eventtrail.counts': JSON.stringify(facts.partitions.map(({ fingerprint: _, ...counts }) => counts)),
    'eventtrail.postgres_types': JSON.stringify(
      Object.fromEntries(columns.map(({ name, ofPostgres }) => [name, ofPostgres]))
    )
  }
}

/** Reads an archive, and compares all that is in it with what was written. @throws ArchiveError */
async function verify({ month, store, onProgress, signal }: ArchiveParts, written: Written): Promise<void> {
  onProgress(`reading the archive of ${month.name} back`)
  await using source = await store.open(written.name)
  const differs = (what: string) =>
    new ArchiveError(
      'ARCHIVE_DIFFERS',
      `The archive ${store.addressOf(written.name)} was read back: ${what}. Nothing was dropped`
    )
  if (source.bytes !== written.bytes) throw differs(`it has ${source.bytes} bytes in place of ${written.bytes}`)
  const digests = new RowDigests()
  let rows = 0
  try {
    const file = await parquetFile(source)
    for await (const group of file.read()) {
      if (signal.aborted) throw stopped(month)
      for (const row of group) digests.add(row)
      rows += group.length
    }
    if (file.metadata.get('eventtrail.ids_sha256') !== written.idsSha256) throw differs('its footer is another one')
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error
    throw differs('it cannot be read as Parquet')
  }
  const { idsSha256, rowsSha256 } = digests.ends()
  if (rows !== written.rows) throw differs(`it has ${rows} rows in place of ${written.rows}`)
  if (idsSha256 !== written.idsSha256 || rowsSha256 !== written.rowsSha256) throw differs('its rows are others')
}
