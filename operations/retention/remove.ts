import { pause, sqlStateOf } from '../../core/index.ts'
import type { Pool, PooledSession, Queries } from '../../postgres/index.ts'
import { ChangeEntries, inTransaction, makeMonthsSince, proofBegan, type Signing } from '../../trail/index.ts'
import { OperationsError } from '../errors.ts'
import { factsOf, type MonthFacts, sameRows } from './facts.ts'
import { holdsOf } from './holds.ts'
import type { Month } from './month.ts'
import { hasPartition } from './plan.ts'
import { lookAtMonth, signRemoval } from './proof/index.ts'
import { noteStep } from './steps.ts'

/**
 * How long a lock on the whole trail is waited for at once: as long, sinks that come after it wait too. Shorter than
 * deadlock_timeout: of two that wait for each other it is this one that gives way.
 */
const lockWaitMs = 300
/** Turns that are tried before the lock on the month is given back, for the sinks that wait for that one. */
const turnsOfLock = 5
const betweenTurnsMs = 200
/** Most faults that are named one by one. */
const mostFaults = 20

export interface RemoveParts {
  readonly pool: Pool
  readonly month: Month
  readonly reason: string
  /** Number of the action that drops it. */
  readonly action: number
  /** What is in the archive of the month, and where that is; default: it has none. */
  readonly archived?: { readonly facts: MonthFacts; readonly address: string } | undefined
  /** Needed where the trail is proved. */
  readonly signing?: Signing | undefined
  /** ms for which locks that others hold are waited for. */
  readonly patienceMs: number
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/**
 * Counts a month, records what it has, and drops it, all in one transaction. While it is counted only what writes into
 * this month waits; the whole trail is locked for the moment of the drop.
 * @returns its rows
 * @throws OperationsError `MONTH_KEPT` for a hold that was placed meanwhile, and for rows that the proof has otherwise; `MONTH_CHANGED` where the archive has other
 *   rows, `MONTH_LOCKED`, `ACTION_STOPPED`; a database error
 */
export async function removeMonth(parts: RemoveParts): Promise<number> {
  const { pool, month, patienceMs, signal, onProgress } = parts
  // Its rows are in event_envelopes_default: a partition takes them out of there.
  if (!(await hasPartition(pool, month))) await makeMonthsSince(pool, month.start, month.start)
  const began = performance.now()
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(pool, client => removeIn(client, parts))
    } catch (error) {
      if (!isLockRefused(error)) throw error
      if (performance.now() - began > patienceMs)
        throw new OperationsError(
          'MONTH_LOCKED',
          `${month.name} was not dropped: other sessions hold locks on the trail for longer than ${Math.round(patienceMs / 1_000)} s, such as a long query or a backup. The same command continues`,
          error
        )
      onProgress('another session holds a lock on the trail, such as a long query or a backup; trying again')
    }
    if (!(await pause(Math.min(5_000, 500 * attempt), signal))) throw stopped(month)
  }
}

const isLockRefused = (error: unknown): boolean => ['55P03', '40P01'].includes(sqlStateOf(error) ?? '')

/** The command was interrupted. */
export const stopped = ({ name }: Month): OperationsError =>
  new OperationsError(
    'ACTION_STOPPED',
    `${name} was not dropped: the command was interrupted. It continues when it is run again`
  )

async function removeIn(client: PooledSession, parts: RemoveParts): Promise<number> {
  const { month, action, archived, onProgress, signal } = parts
  await client.query(`SET LOCAL lock_timeout = ${lockWaitMs}`)
  // No hold is placed from here on, and nothing is stored in this month; others are, and readers are not held up.
  await client.query('LOCK TABLE retention_holds IN SHARE MODE')
  const { rows: named } = await client.query<{ place: string }>('SELECT $1::regclass::text AS place', [month.table])
  const place = named[0]?.place ?? month.table
  await client.query(`LOCK TABLE ONLY ${place} IN EXCLUSIVE MODE`)
  const holds = await holdsOf(client, month.name)
  if (holds.length > 0)
    throw new OperationsError('MONTH_KEPT', `${month.name} was not dropped: it is under hold ${holds.join(', ')} now`)
  onProgress(`counting the rows of ${month.name} once more`)
  const facts = await factsOf(client, month)
  if (archived && !sameRows(archived.facts, facts))
    throw new OperationsError(
      'MONTH_CHANGED',
      `${month.name} was not dropped: its rows are not those of its archive any more. Run the same command again, for an archive of what it has now`
    )
  await sign(client, parts)
  await record(client, parts, facts)
  await noteStep(client, action, month.name, 'dropped', {
    rows: facts.rows,
    ...(archived && { archive: archived.address })
  })
  await lockTrail(client, signal)
  await client.query(`ALTER TABLE event_envelopes DETACH PARTITION ${place}`)
  await client.query(`DROP TABLE ${place}`)
  return facts.rows
}

/** Where the trail is proved, says what goes: rows that are not those that were recorded are evidence, and stay. */
async function sign(client: PooledSession, { month, reason, signing, onProgress }: RemoveParts): Promise<void> {
  const entries = await ChangeEntries.begin(client, signing, reason)
  const began = await proofBegan(client)
  if (!entries || !began) return
  onProgress(`holding the rows of ${month.name} against the proof`)
  const proof = await lookAtMonth(client, month, began, signing?.topicPrefix ?? '')
  if (proof.faults.length > 0)
    throw new OperationsError(
      'MONTH_KEPT',
      [
        `${month.name} was not dropped: its rows are not those that the proof has. They are evidence; \`eventtrail proof verify\` says more`,
        ...proof.faults.slice(0, mostFaults)
      ].join('\n  ')
    )
  await signRemoval(client, entries, month, proof)
}

/** Locks the whole trail, in short turns: between them the sinks have their own. */
async function lockTrail(client: PooledSession, signal: AbortSignal): Promise<void> {
  for (let turn = 1; ; turn += 1) {
    await client.query('SAVEPOINT before_lock')
    try {
      await client.query('LOCK TABLE ONLY event_envelopes, event_envelopes_default IN ACCESS EXCLUSIVE MODE')
      return
    } catch (error) {
      if (!isLockRefused(error) || turn === turnsOfLock) throw error
      await client.query('ROLLBACK TO SAVEPOINT before_lock')
      if (!(await pause(betweenTurnsMs, signal))) throw error
    }
  }
}

async function record(client: Queries, { month, reason, action }: RemoveParts, facts: MonthFacts): Promise<void> {
  await client.query(
    `INSERT INTO sink_removals (event_name, kafka_partition, hour, rows, reason)
     SELECT event_name, kafka_partition, date_trunc('hour', recorded_at, 'UTC'), count(*), $3
     FROM event_envelopes WHERE id >= $1 AND id < $2 AND kafka_offset IS NOT NULL GROUP BY 1, 2, 3`,
    [month.from, month.to, reason]
  )
  for (const each of facts.partitions)
    await client.query(
      `INSERT INTO retention_counts (action, month, event_name, topics, kafka_partition, rows, first_offset, last_offset,
         first_recorded, last_recorded)
       SELECT $1, $2, $3, coalesce((SELECT array_agg(topic ORDER BY topic) FROM sink_topics WHERE event_name = $3), '{}'),
         $4, $5, $6, $7, $8, $9`,
      [
        action,
        month.name,
        each.eventName,
        each.partition,
        each.rows,
        each.firstOffset,
        each.lastOffset,
        each.firstRecorded,
        each.lastRecorded
      ]
    )
}
