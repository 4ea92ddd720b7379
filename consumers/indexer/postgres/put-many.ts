import { type Database, PostgresError, query } from '../../../postgres/index.ts'
import { sortChanges, textsByWeight } from '../changes.ts'
import type { IndexedChange } from '../search-index.ts'
import type { SearchLanguage } from '../words/index.ts'

const columns = [
  ['id', 'text'],
  ['title', 'text'],
  ['text_a', 'text'],
  ['text_b', 'text'],
  ['text_c', 'text'],
  ['text', 'text'],
  ['data', 'jsonb'],
  ['deleted', 'boolean'],
  ['event_name', 'text'],
  ['event_id', 'uuid'],
  ['micros', 'bigint']
] as const

const overwritten = [
  'title',
  'text_a',
  'text_b',
  'text_c',
  'text',
  'data',
  'deleted',
  'event_name',
  'event_id',
  'language',
  'occurred_at',
  'deleted_at'
]

const statementFor = (table: string): string => `
  INSERT INTO ${table} AS kept (id, title, text_a, text_b, text_c, text, data, deleted, event_name, event_id,
    language, occurred_at, deleted_at)
  SELECT id, title, text_a, text_b, text_c, text, data, deleted, event_name, event_id,
    $${columns.length + 1}::regconfig, timestamptz 'epoch' + micros / 1000000 * interval '1 second' + micros % 1000000 * interval '1 microsecond',
    CASE WHEN deleted THEN now() END
  FROM unnest(${columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')})
    AS given (${columns.map(([name]) => name).join(', ')})
  ON CONFLICT (id) DO UPDATE SET ${overwritten.map(name => `${name} = EXCLUDED.${name}`).join(', ')}
  WHERE (kept.occurred_at, kept.event_id) < (EXCLUDED.occurred_at, EXCLUDED.event_id)`

/**
 * Writes changes in one statement. Where the values of one are at fault, the list is halved until it alone is left out.
 * @param table its name, quoted where it has to be
 * @throws PostgresError when no document is at fault
 */
export async function putInto(
  database: Database,
  table: string,
  language: SearchLanguage,
  changes: readonly IndexedChange[]
): Promise<(Error | undefined)[]> {
  const { latest, faults } = sortChanges(changes)
  const statement = statementFor(table)
  const write = async (some: typeof latest): Promise<void> => {
    if (some.length === 0) return
    try {
      await query(database, statement, [...valuesOf(some.map(({ change }) => change)), `pg_catalog.${language}`])
    } catch (error) {
      if (error instanceof PostgresError || !(error instanceof Error)) throw error
      const [only] = some
      if (some.length === 1 && only) faults[only.at] = error
      else {
        const half = some.length >> 1
        await write(some.slice(0, half))
        await write(some.slice(half))
      }
    }
  }
  await write(latest)
  return faults
}

/** The most that are removed with one statement. */
const mostEnds = 5_000

/** Removes ends of documents that were written longer ago than `keepMs`. @returns how many */
export async function removeEnds(database: Database, table: string, keepMs: number): Promise<number> {
  const rows = await query(
    database,
    `DELETE FROM ${table} WHERE ctid IN (
      SELECT ctid FROM ${table} WHERE deleted AND deleted_at < now() - $1 * interval '1 ms'
      ORDER BY deleted_at LIMIT ${mostEnds} FOR UPDATE SKIP LOCKED) RETURNING 1`,
    [keepMs]
  )
  return rows.length
}

function valuesOf(changes: readonly IndexedChange[]): unknown[][] {
  const rows = changes.map(change => {
    const { id, event_name, event_id, occurred_at } = change
    const origin = [event_name, event_id, String(occurred_at)]
    if ('deleted' in change) return [id, '', '', '', '', '', '{}', true, ...origin]
    const { A, B, C, D } = textsByWeight(change)
    return [id, change.title ?? '', A, B, C, D, JSON.stringify(change.data ?? {}), false, ...origin]
  })
  return columns.map((_, at) => rows.map(row => row[at]))
}
