import { counted, onAbort, pause, sqlStateOf } from '../../core/index.ts'
import type { Pool, PooledSession } from '../../postgres/index.ts'
import { TrailError } from '../errors.ts'
import { indexName, type SearchIndex, searchIndexes, trailTable } from './definitions.ts'
import { type PartitionIndex, partitionIndexes, searchIndexState } from './state.ts'

export interface SearchIndexWork {
  readonly pool: Pool
  /** Ends the work; what is built stays, and the next call continues. */
  readonly signal: AbortSignal
  /** What is done at the moment, in words: at each step, and every few seconds of a long one. */
  readonly onProgress: (words: string) => void
}

/**
 * Builds the search indexes, month by month, while sinks write: CREATE INDEX CONCURRENTLY for each partition, then it is
 * attached. May be killed at any time and called again. Months that are made later get them when they are attached.
 * @returns how many indexes of partitions were built now; undefined when it was stopped by the signal
 * @throws TrailError `REQUEST_INVALID` while another process does the same; a database error
 */
export function buildSearchIndexes(work: SearchIndexWork): Promise<number | undefined> {
  return alone(work, async session => {
    let built = 0
    for (const [number, index] of searchIndexes.entries()) {
      const doing = `index ${number + 1} of ${searchIndexes.length} (${index.answers})`
      const name = indexName(trailTable, index)
      await briefly(work, session, `CREATE INDEX IF NOT EXISTS ${name} ON ONLY ${trailTable} ${index.on}`)
      const partitions = await partitionIndexes(session, index)
      for (const [done, partition] of partitions.entries()) {
        if (partition.state === 'attached') continue
        if (work.signal.aborted) return undefined
        const place = `${doing}, ${partition.tableName} (${done + 1} of ${partitions.length})`
        if (await buildOne(work, session, index, partition, place)) built += 1
      }
    }
    const { complete } = await searchIndexState(session)
    if (!complete)
      throw new TrailError(
        'REQUEST_INVALID',
        'The search indexes are on every month, and Postgres does not count them as complete: a month was dropped meanwhile. Run `eventtrail migrate --drop-search`, then `eventtrail migrate --search` again'
      )
    return built
  })
}

/** Takes the search indexes away, finished or not. @throws as {@link buildSearchIndexes} */
export function dropSearchIndexes(work: SearchIndexWork): Promise<number | undefined> {
  return alone(work, async session => {
    let dropped = 0
    for (const index of searchIndexes) {
      if (work.signal.aborted) return undefined
      work.onProgress(`removing the index for ${index.answers}`)
      const parts = (await partitionIndexes(session, index)).filter(({ state }) => state !== 'missing')
      await briefly(work, session, `DROP INDEX IF EXISTS ${indexName(trailTable, index)}`)
      // Those that were built and not attached.
      for (const { index: part } of parts) await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${part}`)
      dropped += parts.length
    }
    return dropped
  })
}

/** @returns whether it had to be built */
async function buildOne(
  work: SearchIndexWork,
  session: PooledSession,
  index: SearchIndex,
  { table, tableName, index: name, state }: PartitionIndex,
  place: string
): Promise<boolean> {
  work.onProgress(place)
  if (state === 'broken') await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
  if (state !== 'built') {
    using _ = reporting(work, place)
    try {
      await session.query(`CREATE INDEX CONCURRENTLY ${indexName(tableName, index)} ON ${table} ${index.on}`)
    } catch (error) {
      // A month that was dropped since they were listed needs none.
      if (sqlStateOf(error) === noSuchTable) return false
      throw error
    }
  }
  await briefly(work, session, `ALTER INDEX ${indexName(trailTable, index)} ATTACH PARTITION ${name}`)
  return state !== 'built'
}

const noSuchTable = '42P01'
const lockNotAvailable = '55P03'
const stopped: ReadonlySet<string | undefined> = new Set(['57014', lockNotAvailable])

/** ms that a statement waits for a lock under which sinks wait, before it lets them pass. */
const lockTimeoutMs = 300
const pauseMs = 200
const mostTries = 300

/** A statement that needs a lock against writers for a moment: tried until it gets it at once. */
async function briefly({ signal }: SearchIndexWork, session: PooledSession, statement: string): Promise<void> {
  await session.query(`SET lock_timeout = ${lockTimeoutMs}`)
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await session.query(statement)
        return
      } catch (error) {
        if (sqlStateOf(error) !== lockNotAvailable || tries >= mostTries || signal.aborted) throw error
        await pause(pauseMs, signal)
      }
    }
  } finally {
    await session.query('SET lock_timeout = 0')
  }
}

/** Runs the work on a session of its own, one process at a time, and ends a running statement once it is stopped. */
async function alone(
  work: SearchIndexWork,
  steps: (session: PooledSession) => Promise<number | undefined>
): Promise<number | undefined> {
  const { pool, signal } = work
  const session = await pool.connect()
  // Building waits for transactions that began before it, as long as they take.
  const { rows } = await session.query<{ pid: number; taken: boolean }>(
    `SELECT pg_backend_pid() AS pid, pg_try_advisory_lock(hashtext('eventtrail_search_indexes')) AS taken,
       set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false)`
  )
  const [{ pid, taken } = { pid: 0, taken: false }] = rows
  const stop = () => void pool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined)
  const forget = onAbort(signal, stop)
  try {
    if (!taken)
      throw new TrailError(
        'REQUEST_INVALID',
        'Another process builds or removes the search indexes at the moment: wait until it has ended'
      )
    return await steps(session)
  } catch (error) {
    if (signal.aborted && stopped.has(sqlStateOf(error))) return undefined
    throw error
  } finally {
    forget()
    // Its lock and settings end with it.
    session.release(true)
  }
}

const reportMs = 5_000

/** Says every few seconds how far Postgres is. */
function reporting({ pool, onProgress }: SearchIndexWork, place: string): Disposable {
  const look = async () => {
    const { rows } = await pool.query<{ phase: string; done: string; total: string; waiting: string }>(
      `SELECT phase, blocks_done AS done, blocks_total AS total, lockers_total - lockers_done AS waiting
       FROM pg_stat_progress_create_index WHERE datname = current_database() AND command LIKE '%CONCURRENTLY'`
    )
    const [row] = rows
    if (row === undefined) return
    const share = Number(row.total) > 0 ? ` ${Math.floor((100 * Number(row.done)) / Number(row.total))} %` : ''
    const waits = Number(row.waiting) > 0 ? `, ${counted(Number(row.waiting), 'transaction')} to end first` : ''
    onProgress(`${place}: ${row.phase}${share}${waits}`)
  }
  // Progress is not worth an error.
  const asked = setInterval(() => void look().catch(() => undefined), reportMs)
  return { [Symbol.dispose]: () => clearInterval(asked) }
}
