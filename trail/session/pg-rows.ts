import { once } from 'node:events'
import { from as copyFrom } from 'pg-copy-streams'
import type { SessionQueries } from '../../postgres/index.ts'
import { RowsLeftOut } from '../classify.ts'
import { TrailError } from '../errors.ts'
import { copyColumns, copyHeader, copyTrailer, rowIdArray, type TrailRow, timestampText } from '../rows/index.ts'
import { idOf, type RowBytes } from '../types.ts'
import { type Addition, listAdditions } from './additions.ts'
import { rowKeyOf } from './row-bytes.ts'
import type { RowSession } from './session.ts'

const columns = copyColumns.join(', ')
const copyInto = (table: string): string => `COPY ${table} (${columns}) FROM STDIN (FORMAT binary)`
const copyIntoTrail = copyInto('event_envelopes')

/**
 * Copies rows as they are. Any error of Postgres passes through and leaves the transaction aborted.
 * @param pieces bytes of rows (`copy-row.ts`), in any pieces
 * @param statement a COPY of the same columns in binary format; default into the trail
 */
export async function copyPieces(
  client: SessionQueries,
  pieces: Iterable<Buffer>,
  rows: number,
  statement = copyIntoTrail
): Promise<void> {
  if (rows === 0) return
  const stream = client.query(copyFrom(statement))
  const finished = once(stream, 'finish')
  stream.write(copyHeader)
  for (const piece of pieces) if (piece.length > 0) stream.write(piece)
  stream.write(copyTrailer)
  stream.end()
  await finished
  if (statement === copyIntoTrail && stream.rowCount < rows) throw new RowsLeftOut(stream.rowCount, rows)
  if (stream.rowCount !== rows) {
    throw new TrailError('LEDGER_MISMATCH', `COPY took ${stream.rowCount} rows of ${rows}`)
  }
}

/** The rows of the trail in Postgres, by a session that is inside a transaction. */
export class PgRows<C extends SessionQueries = SessionQueries> implements RowSession {
  readonly client: C

  constructor(client: C) {
    this.client = client
  }

  copy(pieces: Iterable<Buffer>, rows: number): Promise<void> {
    return copyPieces(this.client, pieces, rows)
  }

  /** By Postgres's own parser (PostgreSQL, pg_input_error_info). */
  async unreadable(payloads: readonly string[]): Promise<Map<number, string>> {
    const answer = await this.#query(
      `SELECT ordinality - 1 AS index, e.sql_error_code AS state
       FROM unnest($1::text[]) WITH ORDINALITY AS p(payload), pg_input_error_info(p.payload, 'jsonb') AS e
       WHERE e.sql_error_code IS NOT NULL`,
      [payloads]
    )
    return new Map(answer.map(({ index, state }) => [Number(index), String(state)]))
  }

  async sameContent(contents: readonly TrailRow[]): Promise<Set<number>> {
    const answer = await this.#query(
      `SELECT w.ordinality - 1 AS index
       FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::smallint[])
         WITH ORDINALITY AS w(id, aggregate_id, occurred_at, event_name, payload, schema_version)
       JOIN event_envelopes e ON e.id = w.id
       WHERE e.aggregate_id = w.aggregate_id AND e.occurred_at = w.occurred_at AND e.event_name = w.event_name
         AND e.payload = w.payload::jsonb AND e.schema_version = w.schema_version`,
      [
        contents.map(({ id }) => id),
        contents.map(({ aggregateId }) => aggregateId),
        contents.map(({ occurredAt }) => timestampText(occurredAt)),
        contents.map(({ eventName }) => eventName),
        contents.map(({ payload }) => payload),
        contents.map(({ schemaVersion }) => schemaVersion)
      ]
    )
    return new Set(answer.map(({ index }) => Number(index)))
  }

  /**
   * The bounds keep the look-up to the partitions it needs, the subselect keeps the planner from weighing each id
   * against each partition (docs/decisions/0010).
   */
  async standing(rows: readonly RowBytes[]): Promise<Set<string>> {
    let [least, most] = [rows[0], rows[0]] as [RowBytes, RowBytes]
    for (const row of rows) {
      if (rowKeyOf(row) < rowKeyOf(least)) least = row
      if (rowKeyOf(row) > rowKeyOf(most)) most = row
    }
    const answer = await this.#query(
      'SELECT id FROM event_envelopes WHERE id = ANY((SELECT $1::uuid[])::uuid[]) AND id BETWEEN $2 AND $3',
      [rowIdArray(rows), idOf(least), idOf(most)]
    )
    return keysOf(answer)
  }

  async makeStaging(): Promise<void> {
    await this.client.query(
      `CREATE TEMP TABLE IF NOT EXISTS sink_staging ON COMMIT DELETE ROWS AS SELECT ${columns} FROM event_envelopes WITH NO DATA`
    )
    await this.client.query('TRUNCATE sink_staging')
  }

  copyToStaging(pieces: Iterable<Buffer>, rows: number): Promise<void> {
    return copyPieces(this.client, pieces, rows, copyInto('sink_staging'))
  }

  async storeStaged(): Promise<Set<string>> {
    const inserted = await this.#query(
      `INSERT INTO event_envelopes (${columns}) SELECT ${columns} FROM sink_staging ORDER BY id ON CONFLICT (id) DO NOTHING RETURNING id`,
      []
    )
    return keysOf(inserted)
  }

  async copyWitness(eventName: string, id: string): Promise<number> {
    const [, ...others] = copyColumns
    const { rowCount } = await this.client.query(
      `INSERT INTO event_envelopes (${columns})
       SELECT $1, ${others.join(', ')} FROM (SELECT * FROM event_envelopes WHERE event_name = $2 LIMIT 1) AS witness`,
      [id, eventName]
    )
    return rowCount ?? 0
  }

  additions(): Promise<readonly Addition[]> {
    return listAdditions(this.client)
  }

  async savepoint(): Promise<void> {
    await this.client.query('SAVEPOINT attempt')
  }

  async rollbackToSavepoint(): Promise<void> {
    await this.client.query('ROLLBACK TO SAVEPOINT attempt')
  }

  async releaseSavepoint(): Promise<void> {
    await this.client.query('RELEASE SAVEPOINT attempt')
  }

  async #query(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    return (await this.client.query<Record<string, unknown>>(text, values)).rows
  }
}

/** The keys of ids as Postgres writes them. */
const keysOf = (answer: readonly Record<string, unknown>[]): Set<string> =>
  new Set(answer.map(({ id }) => Buffer.from(String(id).replaceAll('-', ''), 'hex').toString('latin1')))
