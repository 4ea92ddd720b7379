import { describeError, EventtrailError, isDenied, sqlStateKind, sqlStateOf } from '../../core/index.ts'
import { type Pool, type PooledSession, type Queries, requireTables, unavailable } from '../../postgres/index.ts'
import { OperationsError } from '../errors.ts'
import { operationsMigrations } from '../migrations.ts'
import { type Operator, processName } from './operator.ts'

/** What is about to be done. */
export interface ActionRequest {
  /** As the command is called: `sink reset`, `dead-letters redrive`. */
  readonly operation: string
  /** What it is done to: names, coordinates and numbers. Never content, a key or the id of a person. */
  readonly target: Readonly<Record<string, unknown>>
  /** Why, in words of the operator. */
  readonly reason: string
  /** Only one action that names the same runs at a time. */
  readonly exclusive?: string
  /** Called before it is recorded, once no other action of {@link exclusive} runs: it may refuse by an OperationsError. */
  readonly check?: () => Promise<void>
  /**
   * An error leaves it interrupted, so that it can be continued, unless it is an OperationsError that says
   * `misconfigured`. Default false: it has failed.
   */
  readonly resumable?: boolean
}

/** Counts and codes of a result, which are recorded as they are. */
export type ActionCounts = Readonly<Record<string, number | string | boolean | null>>

/** An action that has been recorded and is being done. */
export interface RunningAction {
  /** Its number in `operator_actions`. */
  readonly id: number
  /**
   * Asks Postgres whether this process still holds the action: for work that takes long, before each step of it.
   * @throws OperationsError `ACTION_LOST`
   */
  requireHeld(): Promise<void>
}

/**
 * Records an action, then does it, then records what came of it. While it runs, a session of the pool holds an advisory
 * lock on it: an action without a result whose lock is gone was interrupted.
 * @param run does it; an error that it throws is recorded by its code
 * @param counts what is recorded of its answer. Default: nothing
 * @throws OperationsError `NOT_RECORDED`: nothing was done; `RESULT_NOT_RECORDED`: it was done; and what `run` throws
 */
export async function act<T>(
  pool: Pool,
  operator: Operator,
  request: ActionRequest,
  run: (action: RunningAction) => Promise<T>,
  counts: (result: T) => ActionCounts = () => ({})
): Promise<T> {
  const { operation, target, reason } = request
  const { actor, verified, via } = operator
  const session = await recordable(pool)
  let id: number
  try {
    await excludeOthers(session, request.exclusive)
    await request.check?.()
    // The lock is taken before the row can be seen: at no time the action looks interrupted.
    const { rows } = await session.query<{ id: string }>(
      `WITH recorded AS (
         INSERT INTO operator_actions (actor, verified, via, process, operation, target, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
       ) SELECT id, pg_advisory_lock(${lockClass}, (id % 2147483647)::int) FROM recorded`,
      [actor, verified, via, processName(), operation, JSON.stringify(target), reason]
    )
    id = Number(rows[0]?.id)
  } catch (cause) {
    session.release(true)
    throw cause instanceof OperationsError ? cause : notRecorded(cause)
  }
  return await runRecorded({ pool, session, id, resumable: request.resumable ?? false }, run, counts)
}

/**
 * Continues an action that was interrupted: it stays the same action, and who continued it is recorded. An error leaves
 * it interrupted.
 * @param exclusive as in {@link ActionRequest}
 * @throws OperationsError `ACTION_RUNNING`, `ACTION_ENDED`, and as {@link act}
 */
export async function resumeAction<T>(
  pool: Pool,
  operator: Operator,
  { id, exclusive }: { readonly id: number; readonly exclusive?: string },
  run: (action: RunningAction) => Promise<T>,
  counts: (result: T) => ActionCounts = () => ({})
): Promise<T> {
  const { actor, verified, via } = operator
  const session = await recordable(pool)
  try {
    await excludeOthers(session, exclusive)
    const taken = await session.query<{ taken: boolean }>(
      `SELECT pg_try_advisory_lock(${lockClass}, ($1::bigint % 2147483647)::int) AS taken`,
      [id]
    )
    if (!taken.rows[0]?.taken)
      throw new OperationsError('ACTION_RUNNING', `Another process runs action ${id}: wait until it has ended`)
    const open = await session.query(
      `INSERT INTO operator_resumptions (action, actor, verified, via, process)
       SELECT id, $2, $3, $4, $5 FROM operator_actions
       WHERE id = $1 AND NOT EXISTS (SELECT FROM operator_results WHERE action = $1)`,
      [id, actor, verified, via, processName()]
    )
    if (open.rowCount !== 1)
      throw new OperationsError(
        'ACTION_ENDED',
        `Action ${id} has ended, or there is none of that number: \`SELECT * FROM operator_log\` lists them`
      )
  } catch (cause) {
    session.release(true)
    throw cause instanceof OperationsError ? cause : notRecorded(cause)
  }
  return await runRecorded({ pool, session, id, resumable: true }, run, counts)
}

/** @throws OperationsError `ACTION_RUNNING` */
async function excludeOthers(session: PooledSession, exclusive: string | undefined): Promise<void> {
  if (exclusive === undefined) return
  const { rows } = await session.query<{ taken: boolean }>(
    "SELECT pg_try_advisory_lock('operator_results'::regclass::oid::int, hashtext($1)) AS taken",
    [exclusive]
  )
  if (!rows[0]?.taken)
    throw new OperationsError('ACTION_RUNNING', `Another action on ${exclusive} runs: wait until it has ended`)
}

const lockClass = `'operator_actions'::regclass::oid::int`

/** A session of the pool, in a database that has the log. @throws OperationsError `NOT_RECORDED` */
async function recordable(pool: Pool): Promise<PooledSession> {
  try {
    await requireTables(pool, operationsMigrations)
    return await pool.connect()
  } catch (cause) {
    throw notRecorded(cause)
  }
}

interface Recorded {
  readonly pool: Pool
  /** Holds the lock. */
  readonly session: PooledSession
  readonly id: number
  readonly resumable: boolean
}

async function runRecorded<T>(
  { pool, session, id, resumable }: Recorded,
  run: (action: RunningAction) => Promise<T>,
  counts: (result: T) => ActionCounts
): Promise<T> {
  const action: RunningAction = {
    id,
    async requireHeld() {
      try {
        await session.query('SELECT 1')
      } catch (cause) {
        throw new OperationsError(
          'ACTION_LOST',
          `Postgres lost the session that holds action ${id}: it stopped, and can be continued by the same command`,
          cause
        )
      }
    }
  }
  try {
    let value: T
    try {
      value = await run(action)
    } catch (error) {
      if (!isLeftOpen(error, resumable))
        await recordResult(pool, session, id, 'failed', { code: codeOf(error) }).catch(() => undefined)
      throw error
    }
    await recordResult(pool, session, id, 'done', counts(value)).catch(cause => {
      throw new OperationsError(
        'RESULT_NOT_RECORDED',
        `Action ${id} was done, and its result could not be recorded: ${describeError(recordingFault(cause))}`,
        cause
      )
    })
    return value
  } finally {
    // The lock ends with the session.
    session.release(true)
  }
}

async function recordResult(
  pool: Pool,
  session: PooledSession,
  id: number,
  status: 'done' | 'failed',
  result: ActionCounts
): Promise<void> {
  const insert = (on: Queries) =>
    on.query('INSERT INTO operator_results (action, status, result) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      id,
      status,
      JSON.stringify(result)
    ])
  await insert(session).catch(() => insert(pool))
}

/** Whether an action can be continued after an error: it is interrupted, and has not failed. */
function isLeftOpen(error: unknown, resumable: boolean): boolean {
  if (!(error instanceof OperationsError)) return resumable
  return error.code === 'ACTION_LOST' || (resumable && !error.misconfigured)
}

/** The code of an error of eventtrail, else its class: never its words. */
const codeOf = (error: unknown): string =>
  error instanceof EventtrailError ? error.code : error instanceof Error ? error.name : 'UNKNOWN'

const aboutTheRow: readonly string[] = ['values', 'constraint']

/** What is wrong with Postgres where a record cannot be written; an error about the row itself stays as it is. */
export const recordingFault = (cause: unknown): unknown =>
  aboutTheRow.includes(sqlStateKind(sqlStateOf(cause) ?? '')) || (cause instanceof EventtrailError && !isDenied(cause))
    ? cause
    : unavailable(cause)

function notRecorded(cause: unknown): OperationsError {
  const fault = recordingFault(cause)
  return new OperationsError(
    'NOT_RECORDED',
    `Nothing was done, because who does it could not be recorded: ${describeError(fault)}`,
    fault
  )
}
