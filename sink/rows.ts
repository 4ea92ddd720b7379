import { once } from 'node:events'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { classify } from './classify.ts'
import {
  copyColumns,
  copyHeader,
  copyTrailer,
  refusedByPostgres,
  rowIdArray,
  rowIdKey,
  timestampText
} from './copy-row.ts'
import { type Refusal, SinkError } from './errors.ts'
import { contentOf, idOf, type Row, type RowBytes } from './types.ts'

const columns = copyColumns.join(', ')
const copyInto = (table: string): string => `COPY ${table} (${columns}) FROM STDIN (FORMAT binary)`
const copyIntoTrail = copyInto('event_envelopes')

/** What became of the rows of one transaction. */
export interface RowsResult<R extends RowBytes = Row> {
  /** How many are in the table now, by the count of Postgres. */
  readonly stored: number
  readonly duplicates: readonly R[]
  readonly refused: readonly { readonly row: R; readonly refusal: Refusal }[]
}

/**
 * Copies rows as they are. Any error of Postgres passes through and leaves the transaction aborted.
 * @param texts bytes of rows (`copy-row.ts`), in any pieces
 * @param statement a COPY of the same columns in binary format; default into the trail
 */
export async function copyTexts(
  client: pg.ClientBase,
  texts: Iterable<Buffer>,
  rows: number,
  statement = copyIntoTrail
): Promise<void> {
  if (rows === 0) return
  const stream = client.query(copyFrom(statement))
  const finished = once(stream, 'finish')
  stream.write(copyHeader)
  for (const text of texts) if (text.length > 0) stream.write(text)
  stream.write(copyTrailer)
  stream.end()
  await finished
  if (stream.rowCount !== rows) {
    throw new SinkError('LEDGER_MISMATCH', `COPY took ${stream.rowCount} rows of ${rows}`)
  }
}

function copyRows(client: pg.ClientBase, rows: readonly RowBytes[], statement?: string): Promise<void> {
  const texts: Buffer[] = []
  for (let first = 0; first < rows.length; ) {
    // Neighbours travel together.
    const { text, start, end } = rows[first] as RowBytes
    let next = first + 1
    let stretch = end
    for (let row = rows[next]; row?.text === text && row.start === stretch; row = rows[next]) {
      stretch = row.end
      next += 1
    }
    texts.push(text.bytes.subarray(start, stretch))
    first = next
  }
  return copyTexts(client, texts, rows.length, statement)
}

/**
 * Stores rows of which some may stand already and some may be refused by Postgres. Runs inside the caller's
 * transaction, on savepoints, so that offsets and ledger still move once.
 */
export class CarefulInsert<R extends RowBytes> {
  readonly #client: pg.ClientBase
  #stored = 0
  readonly #duplicates: R[] = []
  readonly #refused: { row: R; refusal: Refusal }[] = []

  constructor(client: pg.ClientBase) {
    this.#client = client
  }

  /**
   * @param rows in the order in which they came
   * @param suspects those among them that Postgres may refuse: it is asked before they are copied
   * @param lookUp whether some of the rows may stand already; default true. What a wrong `false` costs is a second try.
   */
  async run(rows: readonly R[], { suspects = [], lookUp = true }: RunOptions<R> = {}): Promise<RowsResult<R>> {
    const bad = await this.#refuseUnreadable(suspects)
    const readable = bad.size > 0 ? rows.filter(row => !bad.has(row)) : rows
    if (lookUp) await this.#insert(readable, 0)
    else await this.#insertFresh(readable, 0)
    return { stored: this.#stored, duplicates: this.#duplicates, refused: this.#refused }
  }

  async #insert(rows: readonly R[], attempt: number): Promise<void> {
    if (rows.length === 0) return
    const seen = new Set<string>()
    const [firsts, repeats] = partition(rows, row => seen.size < seen.add(keyOf(row)).size)
    const standing = await this.#standing(firsts)
    const [known, fresh] = partition(firsts, row => standing.has(keyOf(row)))
    await this.#settle(known)
    const { length: refusals } = this.#refused
    await this.#insertFresh(fresh, attempt)
    // Two of one id in the same batch: the first stands by now, and the second is compared with it; unless the first
    // was refused.
    if (this.#refused.length === refusals) await this.#settle(repeats)
    else await this.#insert(repeats, 0)
  }

  async #insertFresh(rows: readonly R[], attempt: number): Promise<void> {
    if (rows.length === 0) return
    const failure = await this.#attempt(() => copyRows(this.#client, rows))
    if (!failure) {
      this.#stored += rows.length
      return
    }
    const verdict = classify(failure.error)
    if (verdict === 'duplicate') {
      // Somebody stored one of them after the look-up: look again, and then let Postgres sort it out.
      if (attempt < 1) await this.#insert(rows, attempt + 1)
      else await this.#insertStaged(rows)
    } else if (verdict === 'data') await this.#isolate(rows, failure.error)
    else throw failure.error
  }

  /** Finds the rows that Postgres refuses: its own parser first, then by halves. */
  async #isolate(rows: readonly R[], error: unknown): Promise<void> {
    const [only] = rows
    if (rows.length === 1 && only) {
      this.#refuse(only, sqlStateOf(error))
      return
    }
    const bad = await this.#refuseUnreadable(rows)
    if (bad.size > 0) {
      await this.#insertFresh(
        rows.filter(row => !bad.has(row)),
        0
      )
      return
    }
    const middle = rows.length >> 1
    await this.#insertFresh(rows.slice(0, middle), 0)
    await this.#insertFresh(rows.slice(middle), 0)
  }

  /** Refuses those whose payload Postgres cannot read. @returns which these are. */
  async #refuseUnreadable(rows: readonly R[]): Promise<Set<R>> {
    if (rows.length === 0) return new Set()
    const bad = [...(await this.#unreadable(rows))].map(([index, state]) => ({ row: rows[index] as R, state }))
    for (const { row, state } of bad) this.#refuse(row, state)
    return new Set(bad.map(({ row }) => row))
  }

  #refuse(row: R, sqlState: string): void {
    const reason = refusedByPostgres(sqlState)
    this.#refused.push({ row, refusal: { code: 'POSTGRES_REFUSED', reason, eventId: idOf(row) } })
  }

  /** Rows whose payload is no JSONB, by index, with the SQLSTATE (PostgreSQL, pg_input_error_info). */
  async #unreadable(rows: readonly R[]): Promise<Map<number, string>> {
    const answer = await this.#query(
      `SELECT ordinality - 1 AS index, e.sql_error_code AS state
       FROM unnest($1::text[]) WITH ORDINALITY AS p(payload), pg_input_error_info(p.payload, 'jsonb') AS e
       WHERE e.sql_error_code IS NOT NULL`,
      [rows.map(row => contentOf(row).payload)]
    )
    return new Map(answer.map(({ index, state }) => [Number(index), String(state)]))
  }

  /** Rows whose id stands in the trail: the same content is a duplicate, any other a conflict. */
  async #settle(rows: readonly R[]): Promise<void> {
    if (rows.length === 0) return
    const same = await this.#sameContent(rows)
    for (const [index, row] of rows.entries()) {
      if (same.has(index)) this.#duplicates.push(row)
      else this.#refused.push({ row, refusal: conflict(idOf(row)) })
    }
  }

  async #sameContent(rows: readonly R[]): Promise<Set<number>> {
    // A payload that Postgres cannot read differs from anything that stands; it must not end the comparison.
    const unreadable = await this.#unreadable(rows)
    const candidates = [...rows.entries()].filter(([index]) => !unreadable.has(index))
    const contents = candidates.map(([, row]) => contentOf(row))
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
    return new Set(answer.map(({ index }) => candidates[Number(index)]?.[0] ?? -1))
  }

  /**
   * The ids of the rows that stand in the trail, as keys. The bounds keep the look-up to the partitions it needs, the
   * subselect keeps the planner from weighing each id against each partition (docs/decisions/0010).
   */
  async #standing(rows: readonly R[]): Promise<Set<string>> {
    let [least, most] = [rows[0], rows[0]] as [R, R]
    for (const row of rows) {
      if (keyOf(row) < keyOf(least)) least = row
      if (keyOf(row) > keyOf(most)) most = row
    }
    const answer = await this.#query(
      'SELECT id FROM event_envelopes WHERE id = ANY((SELECT $1::uuid[])::uuid[]) AND id BETWEEN $2 AND $3',
      [rowIdArray(rows), idOf(least), idOf(most)]
    )
    return keysOf(answer)
  }

  /** The second attempt: Postgres leaves out what stands, whoever stored it meanwhile. */
  async #insertStaged(rows: readonly R[]): Promise<void> {
    await this.#client.query(
      `CREATE TEMP TABLE IF NOT EXISTS sink_staging ON COMMIT DELETE ROWS AS SELECT ${columns} FROM event_envelopes WITH NO DATA`
    )
    await this.#client.query('TRUNCATE sink_staging')
    const failure = await this.#attempt(() => copyRows(this.#client, rows, copyInto('sink_staging')))
    if (failure) {
      if (classify(failure.error) !== 'data') throw failure.error
      await this.#isolate(rows, failure.error)
      return
    }
    const inserted = await this.#query(
      `INSERT INTO event_envelopes (${columns}) SELECT ${columns} FROM sink_staging ORDER BY id ON CONFLICT DO NOTHING RETURNING id`,
      []
    )
    const taken = keysOf(inserted)
    const [fresh, known] = partition(rows, row => taken.has(keyOf(row)))
    this.#stored += fresh.length
    await this.#settle(known)
  }

  async #query(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    return (await this.#client.query<Record<string, unknown>>(text, values)).rows
  }

  async #attempt(work: () => Promise<void>): Promise<{ error: unknown } | undefined> {
    await this.#client.query('SAVEPOINT attempt')
    try {
      await work()
    } catch (error) {
      await this.#client.query('ROLLBACK TO SAVEPOINT attempt')
      return { error }
    }
    await this.#client.query('RELEASE SAVEPOINT attempt')
    return undefined
  }
}

interface RunOptions<R> {
  readonly suspects?: readonly R[]
  readonly lookUp?: boolean
}

const keyOf = ({ text, start }: RowBytes): string => rowIdKey(text.bytes, start)

/** The keys of ids as Postgres writes them. */
const keysOf = (answer: readonly Record<string, unknown>[]): Set<string> =>
  new Set(answer.map(({ id }) => Buffer.from(String(id).replaceAll('-', ''), 'hex').toString('latin1')))

const conflict = (eventId: string): Refusal => ({
  code: 'CONFLICT',
  reason: 'an envelope with this id and other content stands in the trail',
  eventId
})

function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = []
  const no: T[] = []
  for (const item of items) (test(item) ? yes : no).push(item)
  return [yes, no]
}
