import { causesOf, deniedWords, driverSqlState, sqlStateKind } from '../../core/index.ts'
import { InboxError } from './errors.ts'
import type { OncePool, OnceSession } from './types.ts'

/** What sessions of pg have besides; those of others need none of it. */
interface PgSession extends OnceSession {
  /** `I`: in no transaction, `T`: in one, `E`: in one that failed; null before it is connected. Since pg 8.18. */
  getTransactionStatus?(): string | null
  readonly processID?: unknown
  on?(event: 'error', listener: () => void): unknown
  off?(event: 'error', listener: () => void): unknown
  /** Of a session that a pool lent. */
  release?(error?: boolean): void
}

type Work<T> = (session: OnceSession, own: boolean) => Promise<T>

/**
 * Calls `work` in a transaction: with a pool or an idle session in one that begins and ends here, else in the one that the
 * session is in. There a savepoint takes back what `work` did when it throws; the caller decides about the rest.
 */
export async function inTransaction<T>(client: OnceSession | OncePool<OnceSession>, work: Work<T>): Promise<T> {
  if (isPool(client)) return await withSession(client, session => ownTransaction(session, work))
  const session: PgSession = client
  if (typeof session?.query !== 'function')
    throw new InboxError('INBOX_CLIENT_UNFIT', 'The client of `once` has no method `query(text, values)`')
  if (session.getTransactionStatus?.() === 'I') return await ownTransaction(session, work)
  try {
    await session.query(`SAVEPOINT ${savepoint}`)
  } catch (error) {
    // Postgres alone knows for sure whether a session is in a transaction.
    if (sqlStateAnywhere(error) !== noTransaction) throw inWords(error)
    if (session.processID !== undefined) return await ownTransaction(session, work)
    throw new InboxError(
      'INBOX_CLIENT_UNFIT',
      'The client of `once` is in no transaction: begin one with your library and give `once` the client of that transaction, or give it a pool of pg',
      error
    )
  }
  return await joined(session, work)
}

const savepoint = 'eventtrail_once'
const noTransaction = '25P01'

export function isPool(client: OnceSession | OncePool<OnceSession>): client is OncePool<OnceSession> {
  return typeof client === 'object' && client !== null && 'totalCount' in client && 'connect' in client
}

async function withSession<T>(pool: OncePool<OnceSession>, work: (session: PgSession) => Promise<T>): Promise<T> {
  let session: PgSession
  try {
    session = await pool.connect()
  } catch (error) {
    throw inWords(error)
  }
  // An error that is emitted to no one ends the process; the statement that runs fails by itself.
  const heard = () => undefined
  session.on?.('error', heard)
  let broken = true
  try {
    const answer = await work(session)
    broken = false
    return answer
  } catch (error) {
    broken = session.getTransactionStatus?.() !== 'I'
    throw error
  } finally {
    session.off?.('error', heard)
    session.release?.(broken)
  }
}

async function ownTransaction<T>(session: PgSession, work: Work<T>): Promise<T> {
  await asked(session, 'BEGIN')
  let answer: T
  try {
    answer = await work(session, true)
  } catch (error) {
    // Where that fails the session is gone, and Postgres rolls back by itself.
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
  const { command } = (await asked(session, 'COMMIT')) as { readonly command?: unknown }
  if (command === 'ROLLBACK')
    throw new InboxError(
      'INBOX_ROLLED_BACK',
      'Postgres rolled the transaction of `once` back: a statement in it failed, and its error was caught'
    )
  return answer
}

async function joined<T>(session: OnceSession, work: Work<T>): Promise<T> {
  let answer: T
  try {
    answer = await work(session, false)
  } catch (error) {
    await session
      .query(`ROLLBACK TO SAVEPOINT ${savepoint}`)
      .then(() => session.query(`RELEASE SAVEPOINT ${savepoint}`))
      .catch(() => undefined)
    throw error
  }
  await asked(session, `RELEASE SAVEPOINT ${savepoint}`)
  return answer
}

/** A statement of `once` itself. @throws InboxError where no event is to blame, and the driver's own error */
export async function asked(
  session: OnceSession,
  text: string,
  values?: unknown[]
): Promise<{ readonly rows: readonly unknown[] }> {
  try {
    return await (values === undefined ? session.query(text) : session.query(text, values))
  } catch (error) {
    throw inWords(error)
  }
}

function inWords(error: unknown): unknown {
  const state = sqlStateAnywhere(error)
  const unavailable = (why: string) =>
    new InboxError('INBOX_UNAVAILABLE', `The database of the handler is not available to \`once\` (${why})`, error)
  if (state === undefined) return unavailable('the session failed')
  if (state === '42P01' || state === '3F000')
    return new InboxError(
      'INBOX_MISSING',
      'The table eventtrail_inbox is not where the session of the handler looks: run `eventtrail migrate --only inbox`, or name its schema in the option `inbox`',
      error
    )
  if (state === '42501') return new InboxError('INBOX_DENIED', `${deniedWords(error)}: \`once\` needs it`, error)
  return ['server', 'read-only', 'machine', 'login'].includes(sqlStateKind(state)) ? unavailable(state) : error
}

/** The SQLSTATE of an error or of one of its causes: some libraries wrap the errors of their driver. */
function sqlStateAnywhere(thrown: unknown): string | undefined {
  for (const fault of causesOf(thrown)) {
    const state = driverSqlState(fault)
    if (state !== undefined) return state
  }
  return undefined
}
