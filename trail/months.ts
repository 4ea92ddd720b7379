import { isDenied } from '../core/index.ts'
import type { Pool, Queries } from '../postgres/index.ts'
import { inTransaction } from './database.ts'

/** A month of the trail: rows whose UUIDv7 carries a time in it. */
export interface MonthPartition {
  /** `event_envelopes_2026_11` */
  readonly table: string
  /** Lowest id of the month. */
  readonly from: string
  /** Lowest id of the next month. */
  readonly to: string
}

/** The partition of the month `ahead` months after `now`. Months are UTC. */
export function monthPartition(now: Date, ahead = 0): MonthPartition {
  const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead))
  const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1))
  const month = String(start.getUTCMonth() + 1).padStart(2, '0')
  return {
    table: `event_envelopes_${start.getUTCFullYear()}_${month}`,
    from: lowestId(start.getTime()),
    to: lowestId(end.getTime())
  }
}

/** The lowest UUID with these milliseconds in its first 48 bits (RFC 9562, section 5.7). */
export function lowestId(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/**
 * Makes the partitions of this month and the next `ahead` ones (default 3) that are not there, and moves rows that
 * landed in DEFAULT because their clock ran ahead: they would block the attachment (SQLSTATE 23514).
 * Any number of sinks may call it at once.
 * @returns the tables that were made.
 */
export function keepMonthsAhead(pool: Pool, now: Date, ahead = 3): Promise<string[]> {
  return makeMonths(pool, now, 0, ahead)
}

/** The months that a trail keeps ahead, as far as the role of the session may create their partitions. */
export interface MonthsKept {
  /** Tables that were made now. */
  readonly made: readonly string[]
  /** Tables that are not there, and that only the owner of the trail may make. Rows of these months go to DEFAULT. */
  readonly missing: readonly string[]
}

/** The same for a role that may not own the trail: what it may not make is left, and returned. */
export async function keepMonthsIfAllowed(pool: Pool, now: Date, ahead = 3): Promise<MonthsKept> {
  const missing = await missingMonths(pool, now, ahead)
  if (missing.length === 0) return { made: [], missing }
  // Asked first: each refusal would be an error in the log of Postgres.
  if (!(await mayMakeMonths(pool))) return { made: [], missing }
  try {
    return { made: await keepMonthsAhead(pool, now, ahead), missing: [] }
  } catch (error) {
    if (!isDenied(error)) throw error
    return { made: [], missing: await missingMonths(pool, now, ahead) }
  }
}

/** The partitions of this month and the next `ahead` ones that are not there. */
async function missingMonths(client: Queries, now: Date, ahead: number): Promise<string[]> {
  const missing: string[] = []
  for (let month = 0; month <= ahead; month += 1) {
    const { table } = monthPartition(now, month)
    if (!(await exists(client, table))) missing.push(table)
  }
  return missing
}

/** Whether the role of the session owns the trail, and may create tables where it is. */
async function mayMakeMonths(client: Queries): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AND has_schema_privilege(relnamespace, 'CREATE') AS may
     FROM pg_class WHERE oid = 'event_envelopes'::regclass`
  )
  return rows[0]?.may === true
}

/** Makes the partitions from the month of `since` to that of `now`, for events that are older than the trail. */
export function makeMonthsSince(pool: Pool, since: Date, now: Date): Promise<string[]> {
  const months = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth()
  return makeMonths(pool, now, months(since) - months(now), 0)
}

async function makeMonths(pool: Pool, now: Date, first: number, last: number): Promise<string[]> {
  const made: string[] = []
  for (let month = first; month <= last; month += 1) {
    const partition = monthPartition(now, month)
    if (await makeMonth(pool, partition)) made.push(partition.table)
  }
  return made
}

/** How many months from this one on have a partition without a break. */
export async function monthsAhead(client: Queries, now: Date): Promise<number> {
  for (let month = 0; ; month += 1) {
    if (!(await exists(client, monthPartition(now, month).table))) return month
  }
}

async function makeMonth(pool: Pool, { table, from, to }: MonthPartition): Promise<boolean> {
  if (await exists(pool, table)) return false
  return inTransaction(pool, async client => {
    // No other session may create the same partition, nor put a row of its month into DEFAULT before it is attached.
    await client.query('LOCK TABLE event_envelopes_default IN ACCESS EXCLUSIVE MODE')
    if (await exists(client, table)) return false
    const place = await placeOf(client, table)
    await client.query(`CREATE TABLE ${place} (LIKE event_envelopes INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`)
    await client.query(
      `CREATE TRIGGER sink_no_truncate BEFORE TRUNCATE ON ${place} FOR EACH STATEMENT EXECUTE FUNCTION sink_refuse_change()`
    )
    // The trail refuses a DELETE otherwise. Ends with the transaction.
    await client.query("SELECT set_config('eventtrail.operation', 'move to month', true)")
    await client.query(
      `WITH moved AS (DELETE FROM event_envelopes_default WHERE id >= '${from}' AND id < '${to}' RETURNING *)
       INSERT INTO ${place} SELECT * FROM moved`
    )
    await client.query(`ALTER TABLE event_envelopes ATTACH PARTITION ${place} FOR VALUES FROM ('${from}') TO ('${to}')`)
    return true
  })
}

type Asked = Queries

async function exists(client: Asked, table: string): Promise<boolean> {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [await placeOf(client, table)])
  return rows[0]?.there === true
}

/** The name of a partition in the schema of the trail, which need not be the one in which search_path makes tables. */
async function placeOf(client: Asked, table: string): Promise<string> {
  const { rows } = await client.query<{ place: string }>(
    `SELECT format('%I.%I', nspname, $1::text) AS place
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'event_envelopes'::regclass`,
    [table]
  )
  return rows[0]?.place ?? table
}

/** Rows that are in no month's partition. */
export interface RowsInDefault {
  /** With ids of version 7, which carry a time. */
  readonly timed: number
  /** The first month of these times: `2026-11`. */
  readonly oldestMonth: string | undefined
  /** With ids of other versions, which carry none. */
  readonly untimed: number
}

/** @throws a database error */
export async function rowsInDefault(client: Queries): Promise<RowsInDefault> {
  // The version is the first digit of the third group.
  const { rows } = await client.query<{ timed: string; untimed: string; oldest: string | null }>(
    `SELECT count(*) FILTER (WHERE substr(id::text, 15, 1) = '7') AS timed,
       count(*) FILTER (WHERE substr(id::text, 15, 1) <> '7') AS untimed,
       min(id::text) FILTER (WHERE substr(id::text, 15, 1) = '7') AS oldest
     FROM event_envelopes_default`
  )
  const oldest = rows[0]?.oldest ?? undefined
  return {
    timed: Number(rows[0]?.timed),
    untimed: Number(rows[0]?.untimed),
    oldestMonth: oldest === undefined ? undefined : monthOfId(oldest)
  }
}

/** The month of the time that an id of version 7 carries: the first 48 bits are its ms since 1970. */
const monthOfId = (id: string): string =>
  new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString().slice(0, 7)
