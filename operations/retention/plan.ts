import type { Pool } from '../../postgres/index.ts'
import { OperationsError } from '../errors.ts'
import { bookFaults, differences } from './books.ts'
import { factsOf, type MonthFacts } from './facts.ts'
import { holdsOf } from './holds.ts'
import { type Month, monthNamed, tooYoung } from './month.ts'

/** Whether a month may be dropped, and what it has. */
export interface DropPlan {
  readonly month: Month
  readonly facts: MonthFacts
  /** Why it may not be dropped, in words; none where it may. */
  readonly refusals: readonly string[]
  /** Records in quarantine from the offsets of the month that no one has resolved: they stay. */
  readonly held: number
}

export interface PlanParts {
  readonly pool: Pool
  readonly now: Date
  /** Why the sinks may still store events of a month, where Kafka can be asked. */
  readonly unread?: ((month: Month) => Promise<readonly string[]>) | undefined
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/** The month of a name. @throws OperationsError `MONTH_UNKNOWN` */
export function requireMonth(name: string): Month {
  const month = monthNamed(name)
  if (month) return month
  throw new OperationsError('MONTH_UNKNOWN', 'Expected a month such as 2026-11')
}

/**
 * Looks at a month that someone wants to drop. Counts its rows, and all that were stored since its first one.
 * @throws OperationsError `MONTH_UNKNOWN` where the trail has nothing of it; a database error
 */
export async function planDrop(parts: PlanParts, month: Month): Promise<DropPlan> {
  const { pool, now, onProgress, signal, unread } = parts
  onProgress(`counting the rows of ${month.name}`)
  const facts = await factsOf(pool, month)
  if (facts.rows === 0) await requireThere(pool, month)
  const young = tooYoung(month, now)
  const refusals = young === undefined ? [] : [young]
  const holds = await holdsOf(pool, month.name)
  if (holds.length > 0)
    refusals.push(
      `${month.name} is under hold ${holds.join(', ')}: \`eventtrail retention list\` shows who placed it and why`
    )
  if (young === undefined) {
    if (unread) refusals.push(...(await unread(month)))
    const first = Math.min(month.start.getTime(), ...facts.partitions.map(each => each.firstRecorded.getTime()))
    const found = await differences({ pool, since: new Date(first), onProgress, signal })
    const faults = await bookFaults({ pool, signal }, month, facts, found)
    refusals.push(...faults.map(fault => `${month.name} does not add up: ${fault}`))
  }
  return { month, facts, refusals, held: await heldOf(pool, facts) }
}

/** @throws OperationsError `MONTH_UNKNOWN` where the trail has no partition and no row of a month; a database error */
export async function requireThere(pool: Pool, month: Month): Promise<void> {
  const { rows } = await pool.query<{ there: boolean }>(
    'SELECT EXISTS (SELECT FROM event_envelopes WHERE id >= $1 AND id < $2) AS there',
    [month.from, month.to]
  )
  if (rows[0]?.there || (await hasPartition(pool, month))) return
  throw new OperationsError(
    'MONTH_UNKNOWN',
    `The trail has no partition and no row of ${month.name}: \`eventtrail retention list\` lists its months`
  )
}

/** Whether the month has a partition. */
export async function hasPartition(pool: Pool, { table }: Month): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'event_envelopes'::regclass
       AND inhrelid = to_regclass($1)) AS there`,
    [table]
  )
  return rows[0]?.there === true
}

async function heldOf(pool: Pool, { partitions }: MonthFacts): Promise<number> {
  const ours = partitions.filter(({ partition }) => partition !== null)
  const { rows } = await pool.query<{ records: string }>(
    `SELECT count(*) AS records FROM sink_quarantine q LEFT JOIN sink_topics t USING (topic)
     WHERE q.status = 'held' AND EXISTS (
       SELECT FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS had(event_name, partition, first, last)
       WHERE had.event_name = coalesce(t.event_name, q.topic) AND had.partition = q.partition
         AND q.kafka_offset BETWEEN had.first AND had.last
     )`,
    [
      ours.map(({ eventName }) => eventName),
      ours.map(({ partition }) => partition),
      ours.map(({ firstOffset }) => firstOffset),
      ours.map(({ lastOffset }) => lastOffset)
    ]
  )
  return Number(rows[0]?.records)
}
