import type { Pool, Queries } from '../postgres/index.ts'
import type { FieldMeaning } from '../schemas/index.ts'
import { inTransaction } from './database.ts'

/** All that is known of the fields of events, by event name and path. @throws a database error */
export async function readFieldMeanings(queries: Queries): Promise<readonly FieldMeaning[]> {
  const { rows } = await queries.query<FieldMeaning>(
    `SELECT event_name AS "eventName", path, meaning FROM field_meanings WHERE meaning <> 'none' ORDER BY event_name, path`
  )
  return rows
}

/**
 * Stores what the files of some events say, in place of what was stored of them; other events keep theirs.
 * @param fields by event name
 * @returns how many fields were added, changed or removed
 * @throws a database error
 */
export function storeFieldMeanings(pool: Pool, fields: ReadonlyMap<string, readonly FieldMeaning[]>): Promise<number> {
  const all = [...fields.values()].flat()
  const values = [all.map(each => each.eventName), all.map(each => each.path), all.map(each => each.meaning)]
  return inTransaction(pool, async client => {
    const removed = await client.query(
      `UPDATE field_meanings SET meaning = 'none', registered_at = now()
       WHERE event_name = ANY($3::text[]) AND meaning <> 'none' AND (event_name, path) NOT IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [values[0], values[1], [...fields.keys()]]
    )
    const stored = await client.query(
      `INSERT INTO field_meanings AS m (event_name, path, meaning)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
       ON CONFLICT (event_name, path) DO UPDATE SET meaning = excluded.meaning, registered_at = now()
         WHERE m.meaning <> excluded.meaning`,
      values
    )
    return (removed.rowCount ?? 0) + (stored.rowCount ?? 0)
  })
}
