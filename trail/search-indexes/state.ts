import type { Queries } from '../../postgres/index.ts'
import { indexName, type SearchIndex, searchIndexes, trailTable } from './definitions.ts'

/** An index on one partition of the trail. */
export interface PartitionIndex {
  /** With its schema, as SQL has it. */
  readonly table: string
  /** Without it. */
  readonly tableName: string
  /** Its name where it is built here, with its schema; Postgres gives those of months that were made later others. */
  readonly index: string
  /** `broken` is one whose building was killed. */
  readonly state: 'missing' | 'broken' | 'built' | 'attached'
}

/**
 * How far an index is, partition by partition.
 * @throws a database error
 */
export async function partitionIndexes(queries: Queries, index: SearchIndex): Promise<readonly PartitionIndex[]> {
  const { rows } = await queries.query<PartitionIndex>(
    `SELECT format('%I.%I', n.nspname, t.relname) AS "table", t.relname AS "tableName",
       format('%I.%I', n.nspname, t.relname || $1) AS index,
       CASE WHEN EXISTS (
           SELECT FROM pg_inherits h JOIN pg_index a ON a.indexrelid = h.inhrelid
           WHERE h.inhparent = to_regclass($2) AND a.indrelid = t.oid) THEN 'attached'
         WHEN i.indexrelid IS NULL THEN 'missing'
         WHEN NOT i.indisvalid THEN 'broken' ELSE 'built' END AS state
     FROM pg_partition_tree('${trailTable}') p JOIN pg_class t ON t.oid = p.relid
       JOIN pg_namespace n ON n.oid = t.relnamespace
       LEFT JOIN pg_class c ON c.relnamespace = t.relnamespace AND c.relname = t.relname || $1
       LEFT JOIN pg_index i ON i.indexrelid = c.oid AND i.indrelid = t.oid
     WHERE p.isleaf ORDER BY t.relname`,
    [index.suffix, indexName(trailTable, index)]
  )
  return rows
}

/** How far the search indexes are. */
export interface SearchIndexState {
  /** Whether every one of them is on every month, so that no question needs to read the trail in whole. */
  readonly complete: boolean
  /** Whether there is any part of them: they were begun, and not removed. */
  readonly begun: boolean
}

/** @throws a database error */
export async function searchIndexState(queries: Queries): Promise<SearchIndexState> {
  const { rows } = await queries.query<{ valid: number; there: number }>(
    `SELECT count(*) FILTER (WHERE i.indisvalid)::int AS valid, count(*)::int AS there
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = '${trailTable}'::regclass AND c.relname = ANY($1::text[])`,
    [searchIndexes.map(index => indexName(trailTable, index))]
  )
  const [{ valid, there } = { valid: 0, there: 0 }] = rows
  return { complete: valid === searchIndexes.length, begun: there > 0 }
}
