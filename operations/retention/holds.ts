import type { Pool, Queries } from '../../postgres/index.ts'
import type { Signer } from '../../proof/index.ts'
import { addSalted, inTransaction, newSalt, proverOf, timeSql } from '../../trail/index.ts'
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
 * @param signer of the role privacy; needed where the trail is proved
 * @returns its number
 * @throws OperationsError `NOT_RECORDED`; TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; a database error
 */
export async function hold(
  pool: Pool,
  operator: Operator,
  { month, eventName, aggregateId }: HoldScope,
  reason: string,
  signer?: Signer
): Promise<number> {
  // The id of an aggregate may be that of a person, and stays out of the log of operators.
  const target = { month, event: eventName, ...(aggregateId !== undefined && { aggregate: 'in retention_holds' }) }
  return act(
    pool,
    operator,
    { operation: 'retention hold', target, reason },
    ({ id: action }) =>
      inTransaction(pool, async client => {
        const prover = await proverOf(client, signer, 'privacy')
        const salt = prover ? newSalt() : null
        const { rows } = await client.query<{ id: string; at: string }>(
          `INSERT INTO retention_holds (action, month, event_name, aggregate_id, salt) VALUES ($1, $2, $3, $4, $5)
           RETURNING id, ${timeSql('at')} AS at, month, event_name, aggregate_id`,
          [action, month ?? null, eventName ?? null, aggregateId ?? null, salt]
        )
        const { id, ...others } = rows[0] as (typeof rows)[number]
        const number = Number(id)
        if (prover && salt) await addSalted(client, prover, { kind: 'hold', salt, members: { number, ...others } })
        return number
      }),
    id => ({ hold: id })
  )
}

/**
 * Releases a hold. It stays in the table, with who placed and who released it.
 * @param signer of the role privacy; needed where the trail is proved
 * @throws OperationsError `HOLD_UNKNOWN`, `NOT_RECORDED`; TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; a database error
 */
export async function release(
  pool: Pool,
  operator: Operator,
  id: number,
  reason: string,
  signer?: Signer
): Promise<void> {
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
    ({ id: action }) =>
      inTransaction(pool, async client => {
        const prover = await proverOf(client, signer, 'privacy')
        const salt = prover ? newSalt() : null
        const { rows } = await client.query<{ at: string }>(
          `INSERT INTO retention_releases (hold, action, salt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
           RETURNING ${timeSql('at')} AS at`,
          [id, action, salt]
        )
        // Another operator was faster.
        if (!rows[0]) throw unknown()
        const members = { number: id, at: rows[0].at }
        if (prover && salt) await addSalted(client, prover, { kind: 'release', salt, members })
      })
  )
}
