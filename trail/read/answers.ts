import { onAbort } from '../../core/index.ts'
import {
  type DatabaseAddress,
  openSession,
  type Pool,
  type Session,
  unavailable,
  withLiterals
} from '../../postgres/index.ts'
import type { FieldMeaning } from '../../schemas/index.ts'
import { abandon } from '../database.ts'
import { type FoundRow, lineSql, type QuestionStatement } from '../search/index.ts'
import { copyOut } from '../session/index.ts'

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
  options: AnswersOptions
): AsyncGenerator<readonly FoundRow[]> {
  const { session, close } = await begin(options)
  try {
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
    await close()
  }
}

/** Takes the rows of an answer as lines of JSON. */
export interface LineTaker {
  /**
   * @param line bytes that have it from `start` to `end`, with its line break; they are the caller's until this returns
   * @param persons values of the fields that name one, as a list in JSON; undefined where the event has no meanings
   */
  take(
    line: { readonly bytes: Buffer; readonly start: number; readonly end: number },
    id: string,
    persons?: string
  ): void
  /** Called after some lines: the next ones are read once it resolves. */
  keepUp(): Promise<void>
}

/**
 * The same as {@link readAnswers} as lines of JSON, which Postgres composes: with half of the processor time, and without
 * an object or text for each value.
 * @throws as {@link readAnswers}
 */
export async function readLines(
  statement: QuestionStatement,
  meanings: readonly FieldMeaning[],
  options: AnswersOptions,
  taker: LineTaker
): Promise<void> {
  const { session, close } = await begin(options)
  try {
    await copyOut(session, withLiterals(lineSql(statement, meanings)), {
      take(bytes, at) {
        const [start = 0, end = 0, idStart, idEnd, personsStart, personsEnd = -1] = at
        const persons = personsEnd < 0 ? undefined : bytes.toString('utf8', personsStart, personsEnd)
        taker.take({ bytes, start, end }, bytes.toString('latin1', idStart, idEnd), persons)
      },
      keepUp: () => taker.keepUp()
    })
  } catch (error) {
    // Postgres is in the middle of sending, and would wait for someone who reads.
    abandon(session)
    throw error
  } finally {
    await close()
  }
}

/** A session in a transaction that sees the trail at one moment. */
async function begin({ database, pool, applicationName, signal }: AnswersOptions) {
  const session = await connect(database, applicationName)
  const stop = onAbort(signal, () => void cancel(session, pool))
  const close = async () => {
    stop()
    await session.end().catch(() => undefined)
  }
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return { session, close }
  } catch (error) {
    await close()
    throw error
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
