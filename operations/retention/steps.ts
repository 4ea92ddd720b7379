import type { Pool, Queries } from '../../postgres/index.ts'

export type DropStep = 'archive begun' | 'archive written' | 'archive rejected' | 'archive verified' | 'dropped'

/** Notes that a step of a drop is done. */
export async function noteStep(
  queries: Queries,
  action: number,
  month: string,
  step: DropStep,
  detail: Readonly<Record<string, unknown>>
): Promise<void> {
  await queries.query('INSERT INTO retention_steps (action, month, step, detail) VALUES ($1, $2, $3, $4)', [
    action,
    month,
    step,
    JSON.stringify(detail)
  ])
}

/** A step that an action has done. */
export interface DoneStep {
  readonly step: DropStep
  readonly detail: Readonly<Record<string, unknown>>
}

/** The steps of an action, the newest first. */
export async function stepsOf(pool: Pool, action: number): Promise<DoneStep[]> {
  const { rows } = await pool.query<DoneStep>(
    'SELECT step, detail FROM retention_steps WHERE action = $1 ORDER BY number DESC',
    [action]
  )
  return rows
}

/** A drop of a month that has no result yet. */
export interface UnfinishedDrop {
  readonly id: number
  readonly status: 'running' | 'interrupted'
  readonly month: string
  /** Where it archives the month, as it was given; null: nowhere. */
  readonly archive: string | null
  readonly reason: string
}

/** Drops without a result, the newest first. @throws a database error */
export async function unfinishedDrops(queries: Queries): Promise<UnfinishedDrop[]> {
  const { rows } = await queries.query<Omit<UnfinishedDrop, 'id'> & { readonly id: string }>(
    `SELECT id, status, target ->> 'month' AS month, target ->> 'archive' AS archive, reason FROM operator_log
     WHERE operation = '${dropOperation}' AND ended_at IS NULL ORDER BY id DESC`
  )
  return rows.map(row => ({ ...row, id: Number(row.id) }))
}

/** As operator_actions has it. */
export const dropOperation = 'retention drop'
