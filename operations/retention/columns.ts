import { createHash } from 'node:crypto'
import type { ParquetColumn, ParquetValue } from '../../archive/index.ts'
import type { Queries } from '../../postgres/index.ts'

/** A column of the trail, and how it is archived. */
export interface ColumnOfTable extends ParquetColumn {
  /** As Postgres calls its type. */
  readonly ofPostgres: string
  /** Selects it, in a form that is exact. */
  readonly sql: string
}

/** Columns whose values rarely repeat. */
const distinct: ReadonlySet<string> = new Set(['id', 'aggregate_id', 'payload', 'traceparent'])

/** All columns of the trail in their order, those that others added too. @throws a database error */
export async function archiveColumns(queries: Queries): Promise<ColumnOfTable[]> {
  const { rows } = await queries.query<{ name: string; quoted: string; type: string; required: boolean }>(
    `SELECT attname AS name, quote_ident(attname) AS quoted, format_type(atttypid, NULL) AS type, attnotnull AS required
     FROM pg_attribute WHERE attrelid = 'event_envelopes'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`
  )
  return rows.map(({ name, quoted, type, required }) => columnOf(name, quoted, type, required))
}

/**
 * Types for every reader: a UUID and JSON are text, a smallint is an int32, a time is µs in UTC. What has no type there is
 * text, as Postgres writes it.
 */
export function columnOf(name: string, quoted: string, ofPostgres: string, required: boolean): ColumnOfTable {
  const column = { name, ofPostgres, nullable: !required, ...(distinct.has(name) && { distinct: true }) }
  switch (ofPostgres) {
    case 'smallint':
    case 'integer':
      return { ...column, type: 'int32', sql: quoted }
    case 'bigint':
      return { ...column, type: 'int64', sql: `${quoted}::text` }
    case 'boolean':
      return { ...column, type: 'boolean', sql: quoted }
    case 'double precision':
      return { ...column, type: 'double', sql: quoted }
    case 'timestamp with time zone':
      return { ...column, type: 'timestamp', sql: `(extract(epoch FROM ${quoted}) * 1000000)::bigint::text` }
    default:
      return { ...column, type: 'text', sql: `${quoted}::text` }
  }
}

/** What the driver gives of a column as a cell of the archive. */
export function toCell({ type }: ColumnOfTable, value: unknown): ParquetValue {
  if (value === null) return null
  return type === 'int64' || type === 'timestamp' ? BigInt(value as string) : (value as ParquetValue)
}

/**
 * Digests of rows in their order: of their ids, which are the first column, a line each; and of all cells, a line of JSON
 * for each row, in which every value that is not null is a text.
 */
export class RowDigests {
  readonly #ids = createHash('sha256')
  readonly #rows = createHash('sha256')

  add(cells: readonly ParquetValue[]): void {
    this.#ids.update(`${cells[0]}\n`)
    this.#rows.update(`${JSON.stringify(cells.map(cell => (cell === null ? null : String(cell))))}\n`)
  }

  /** In hex. Call it once, at the end. */
  ends(): { readonly idsSha256: string; readonly rowsSha256: string } {
    return { idsSha256: this.#ids.digest('hex'), rowsSha256: this.#rows.digest('hex') }
  }
}
