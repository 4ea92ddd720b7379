import type { Queries } from '../../postgres/index.ts'
import { whoNames } from '../../schemas/index.ts'
import { copyColumns } from '../rows/index.ts'

/** Something on the trail's table that eventtrail did not put there. */
export interface Addition {
  /** In words: `index orders_by_customer of event_envelopes`. */
  readonly what: string
  /** Names under which Postgres reports it in errors: its own, and those of its parts in the partitions. */
  readonly names: readonly string[]
  /** Which events it can refuse: `some` depends on their content, `all` does not. */
  readonly refuses: 'nothing' | 'some' | 'all'
}

const ourColumns = [...copyColumns, 'recorded_at']
/** Texts that are never too long for an index. */
const shortColumns = ['event_name', ...whoNames]
/** They refuse no event. */
const ourTriggers = ['sink_append_only', 'sink_no_truncate', 'sink_proof_required']

// A key of a bounded size in a plain index takes every value; so does GIN, which hashes what is long, on the payload.
const statement = `
  WITH tables AS (SELECT relid AS oid FROM pg_partition_tree('event_envelopes'))
  SELECT 'index' AS kind, i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS "table",
    array(SELECT c.relname::text FROM pg_partition_tree(i.indexrelid) p JOIN pg_class c ON c.oid = p.relid) AS parts,
    CASE WHEN NOT i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL AND (
        m.amname = 'gin' AND NOT EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) AND a.attname <> 'payload')
        OR NOT EXISTS (
          SELECT FROM pg_attribute a
          WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) AND a.attlen < 0 AND a.attname <> ALL($3)))
      THEN 'nothing' ELSE 'some' END AS refuses
  FROM pg_index i JOIN tables t ON t.oid = i.indrelid
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
  WHERE NOT i.indisprimary AND c.relname <> 'event_envelopes_event_name' AND c.relname !~ '^event_envelopes.*_search_[a-z]+$'
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
  UNION ALL
  SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END, k.conname, k.conrelid::regclass::text, '{}', 'some'
  FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
  WHERE k.contype IN ('c', 'f', 'u', 'x') AND k.coninhcount = 0
  UNION ALL
  SELECT 'trigger', g.tgname, g.tgrelid::regclass::text, '{}', 'some'
  FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid
  WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled <> 'D' AND g.tgname <> ALL($2)
  UNION ALL
  SELECT 'column', a.attname, a.attrelid::regclass::text, '{}',
    CASE WHEN a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND y.typdefault IS NULL THEN 'all'
      WHEN a.attgenerated <> '' OR a.attnotnull OR y.typtype = 'd' THEN 'some' ELSE 'nothing' END
  FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
  WHERE a.attrelid = 'event_envelopes'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL($1)
  UNION ALL
  SELECT 'row-level security', '', c.oid::regclass::text, '{}', 'some'
  FROM pg_class c JOIN tables t ON t.oid = c.oid WHERE c.relrowsecurity
  ORDER BY 1, 3, 2`

/** What others have put on the trail's table: indexes, constraints, triggers, columns. */
export async function listAdditions(client: Queries): Promise<Addition[]> {
  const { rows } = await client.query<{
    kind: string
    name: string
    table: string
    parts: string[]
    refuses: Addition['refuses']
  }>(statement, [ourColumns, ourTriggers, shortColumns])
  return rows.map(({ kind, name, table, parts, refuses }) => ({
    what: name === '' ? `${kind} of ${table}` : `${kind} ${name} of ${table}`,
    names: name === '' ? [] : [name, ...parts],
    refuses
  }))
}

/** What names the refuser of a row in an error of Postgres. */
interface ErrorFacts {
  readonly table?: unknown
  readonly constraint?: unknown
  readonly column?: unknown
}

/** Longest name in Postgres: what is longer was not written by it. */
const longestName = 63
const most = 5

/**
 * Names what refuses a row of the trail, in words. Repeats nothing of the error but names of the catalogue.
 * @param additions what is known to be on the table
 */
export function nameRefuser(error: unknown, additions: readonly Addition[]): string {
  const { constraint, column } = (typeof error === 'object' && error !== null ? error : {}) as ErrorFacts
  for (const name of [constraint, column]) {
    if (typeof name !== 'string' || name.length > longestName) continue
    const known = additions.find(({ names }) => names.includes(name))
    if (known) return known.what
  }
  const able = additions.filter(({ refuses }) => refuses !== 'nothing').map(({ what }) => what)
  if (able.length === 0) return 'the table itself'
  const shown = able.length > most ? [...able.slice(0, most), `${able.length - most} more`] : able
  return shown.join(' or ')
}
