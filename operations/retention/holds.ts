import type { Pool, Queries } from '../../postgres/index.ts'
import { act, type Operator } from '../actions/index.ts'
import { OperationsError } from '../errors.ts'

/** What a hold is about: months with rows that match all that is given are kept. */
export interface HoldScope {
  /** `2026-11`. Default: every month. */
  readonly month?: string | undefined
  readonly eventName?: string | undefined
  readonly aggregateId?: string | undefined
}

/** A hold that was not released. */
export interface Hold {
  readonly id: number
  readonly at: Date
  readonly month: string | null
  readonly eventName: string | null
  readonly aggregateId: string | null
  /** Who placed it: `who@host`. */
  readonly actor: string
  readonly reason: string
}

/** Holds that were not released, the oldest first. @throws a database error */
export async function listHolds(queries: Queries): Promise<Hold[]> {
  const { rows } = await queries.query<Omit<Hold, 'id'> & { readonly id: string }>(
    `SELECT id, at, month, event_name AS "eventName", aggregate_id AS "aggregateId", actor, reason
     FROM retention_open_holds ORDER BY id`
  )
  return rows.map(row => ({ ...row, id: Number(row.id) }))
}

/** The numbers of the holds that keep a month. Looks for rows where a hold is of an event or an aggregate. */
export async function holdsOf(queries: Queries, month: string): Promise<number[]> {
  const { rows } = await queries.query<{ id: string }>('SELECT retention_holds_of($1) AS id', [month])
  return rows.map(({ id }) => Number(id))
}

/**
 * Places a hold: from then on no month that it is about is dropped.
 * @returns its number
 * @throws OperationsError `NOT_RECORDED`; a database error
 */
export async function hold(
  pool: Pool,
  operator: Operator,
  { month, eventName, aggregateId }: HoldScope,
  reason: string
): Promise<number> {
  // The id of an aggregate may be that of a person, and stays out of the log of operators.
  const target = { month, event: eventName, ...(aggregateId !== undefined && { aggregate: 'in retention_holds' }) }
  return act(
    pool,
    operator,
    { operation: 'retention hold', target, reason },
    async ({ id: action }) => {
      const { rows } = await pool.query<{ id: string }>(
        'INSERT INTO retention_holds (action, month, event_name, aggregate_id) VALUES ($1, $2, $3, $4) RETURNING id',
        [action, month ?? null, eventName ?? null, aggregateId ?? null]
      )
      return Number(rows[0]?.id)
    },
    id => ({ hold: id })
  )
}

/**
 * Releases a hold. It stays in the table, with who placed and who released it.
 * @throws OperationsError `HOLD_UNKNOWN`, `NOT_RECORDED`; a database error
 */
export async function release(pool: Pool, operator: Operator, id: number, reason: string): Promise<void> {
  const isOpen = async () => (await listHolds(pool)).some(each => each.id === id)
  const unknown = () =>
    new OperationsError(
      'HOLD_UNKNOWN',
      `There is no hold ${id}, or it was released: \`eventtrail retention list\` lists them`
    )
  await act(
    pool,
    operator,
    {
      operation: 'retention release',
      target: { hold: id },
      reason,
      check: async () => {
        if (!(await isOpen())) throw unknown()
      }
    },
    async ({ id: action }) => {
      const { rowCount } = await pool.query(
        'INSERT INTO retention_releases (hold, action) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [id, action]
      )
      // Another operator was faster.
      if (rowCount !== 1) throw unknown()
    }
  )
}
