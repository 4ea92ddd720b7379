/** Statements of the inbox. Each placeholder occurs once and in order, and each value is a text: see `OnceSession`. */

const table = 'eventtrail_inbox'

/** The name of the table as SQL has it. @param schema where it is, unless `search_path` leads there */
export const inboxTable = (schema?: string): string =>
  schema === undefined ? table : `"${schema.replaceAll('"', '""')}".${table}`

/**
 * A transaction that `once` began may be idle for this long (ms), where the database has no setting of its own: when its
 * process is suspended or its machine is gone, another member waits for it no longer.
 */
const mostIdleMs = 300_000

const idle = "current_setting('idle_in_transaction_session_timeout')"
const limitIdle = `set_config('idle_in_transaction_session_timeout', CASE ${idle} WHEN '0' THEN '${mostIdleMs}' ELSE ${idle} END, true)`

/** A statement and its values. */
export interface Statement {
  readonly text: string
  readonly values: string[]
}

/**
 * Adds the events that are not there yet, and answers with their ids. One that another transaction adds at the same time is
 * waited for. In the order of the ids, so that two members with the same events do not wait for each other in a circle.
 * @param own whether the transaction is that of `once`: then its idle time is limited
 */
export function claimStatement(into: string, group: string, ids: readonly string[], own: boolean): Statement {
  const insert =
    ids.length === 1
      ? `INSERT INTO ${into} (group_name, event_id) VALUES ($1, $2::text::uuid)`
      : `INSERT INTO ${into} (group_name, event_id) SELECT $1, id FROM unnest($2::text::uuid[]) AS id ORDER BY id`
  const claim = `${insert} ON CONFLICT DO NOTHING RETURNING event_id::text AS id`
  return {
    text: own ? `WITH claimed AS (${claim}) SELECT id, ${limitIdle} FROM claimed` : claim,
    values: [group, ids.length === 1 ? (ids[0] ?? '') : `{${ids.join(',')}}`]
  }
}

/**
 * Removes what is older than `keepMs` from some pages of the table, and answers with the number of rows and with the pages
 * that the table has. By the place of rows: an index on the time would make each event dearer, and this walk reads pages
 * one after the other.
 */
export function pruneStatement(from: string, firstPage: number, pages: number, keepMs: number): Statement {
  return {
    text: `WITH gone AS (DELETE FROM ${from} WHERE ctid >= $1::text::tid AND ctid < $2::text::tid
        AND done_at < now() - make_interval(secs => $3::text::float8) RETURNING 1)
      SELECT (SELECT count(*) FROM gone)::text AS gone,
        (pg_relation_size('${from.replaceAll("'", "''")}'::regclass) / current_setting('block_size')::int)::text AS pages`,
    values: [`(${firstPage},0)`, `(${firstPage + pages},0)`, String(keepMs / 1_000)]
  }
}
