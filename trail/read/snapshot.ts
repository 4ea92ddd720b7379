import { onAbort } from '../../core/index.ts'
import { type DatabaseAddress, openSession, type Pool, type Session, unavailable } from '../../postgres/index.ts'
import { abandon } from '../database.ts'
import { copyOut, type RowTaker } from '../session/index.ts'

export interface SnapshotOptions {
  readonly database: DatabaseAddress
  /** Of the same login: ends a statement that runs for long when the signal aborts. */
  readonly pool: Pool
  readonly applicationName: string
  readonly signal: AbortSignal
}

/** A session in a transaction that sees the trail at one moment. */
export interface Snapshot {
  readonly session: Session
  /** Reads the rows of a query, for many; a session of which that failed is not used again. @throws a database error */
  copyOut(query: string, taker: RowTaker): Promise<void>
  /** Ends the session. */
  close(): Promise<void>
}

/** @throws PostgresError `POSTGRES_UNAVAILABLE`; a database error */
export async function openSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const { database, pool, applicationName, signal } = options
  const session = await connect(database, applicationName)
  const stop = onAbort(signal, () => void cancel(session, pool))
  const close = async () => {
    stop()
    await session.end().catch(() => undefined)
  }
  const copy = async (query: string, taker: RowTaker) => {
    try {
      await copyOut(session, query, taker)
    } catch (error) {
      // Postgres is in the middle of sending, and would wait for someone who reads.
      abandon(session)
      throw error
    }
  }
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return { session, close, copyOut: copy }
  } catch (error) {
    await close()
    throw error
  }
}

async function connect(database: DatabaseAddress, applicationName: string): Promise<Session> {
  try {
    return await openSession(database, {
      applicationName,
      settings: {
        // A reader may pause for as long as it likes.
        idle_in_transaction_session_timeout: '0',
        tcp_user_timeout: '0',
        // All rows are wanted, not the first ones soon.
        cursor_tuple_fraction: '1',
        // JSON of payloads is long: compiling the statement pays for itself only then, and not always.
        jit: 'off'
      }
    })
  } catch (cause) {
    throw unavailable(cause)
  }
}

async function cancel(session: Session, pool: Pool): Promise<void> {
  const pid = (session as Session & { readonly processID?: number | null }).processID
  if (typeof pid === 'number') await pool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined)
}
