import { onAbort } from '../../core/index.ts'
import { type DatabaseAddress, openSession, type Pool, type Session, unavailable } from '../../postgres/index.ts'
import type { FoundRow, QuestionStatement } from '../search/index.ts'

/** Rows that are fetched at a time: a few MB at most, and twice that is held. */
const rowsAtOnce = 500

export interface AnswersOptions {
  readonly database: DatabaseAddress
  /** Of the same login: ends a statement that runs for long when the signal aborts. */
  readonly pool: Pool
  readonly applicationName: string
  readonly signal: AbortSignal
}

/**
 * All rows that answer a question, as they are at one moment, for work that reads on while its reader is slow: Postgres
 * waits as long as it takes.
 * @throws PostgresError `POSTGRES_UNAVAILABLE`; a database error, also when the signal aborts
 */
export async function* readAnswers(
  { text, values }: QuestionStatement,
  { database, pool, applicationName, signal }: AnswersOptions
): AsyncGenerator<readonly FoundRow[]> {
  const session = await connect(database, applicationName)
  const stop = onAbort(signal, () => void cancel(session, pool))
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await session.query({ text: `DECLARE answers NO SCROLL CURSOR FOR ${text}`, values })
    let next = fetch(session)
    for (;;) {
      const { rows } = await next
      if (rows.length === 0) return
      // Postgres works at the next ones while these are given.
      next = fetch(session)
      next.catch(() => undefined)
      yield rows
    }
  } finally {
    stop()
    await session.end().catch(() => undefined)
  }
}

const fetch = (session: Session) => session.query<FoundRow>(`FETCH ${rowsAtOnce} FROM answers`)

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
