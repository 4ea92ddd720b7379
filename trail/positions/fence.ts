import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import type { Pool, Queries, Session } from '../../postgres/index.ts'
import { sinkSessions } from '../database.ts'
import { transactionTime } from '../proof/index.ts'
import type { Chunk } from '../types.ts'
import type { StoredPosition } from './start-point.ts'

/** What came of the attempt to move the offsets of a batch. */
export interface Claim {
  /** Chunks that are ours to write, with the hour they are booked under. */
  readonly granted: ReadonlyMap<string, { readonly hour: Date }>
  /** Chunks that are in the trail already: the answer to an earlier COMMIT was lost. */
  readonly stored: readonly Chunk[]
  /** Chunks whose partition has another owner, or another incarnation. */
  readonly fenced: readonly Chunk[]
  /** When the transaction began, as entries of the proof have it: where the trail is proved and something is granted. */
  readonly recorded?: string
}

// In a trail that is proved the transaction also says that its rows have a statement, as `sayProved` does.
const provedColumns = `, ${transactionTime} AS recorded, set_config('eventtrail.proof', 'on', true)`

/**
 * The fence: moves each partition's offset from the first to after the last offset of its chunk, only where it
 * is still at the first. It comes before the rows, so that a sink that was overtaken stops at one locked row and
 * not at the ids it copies; locks are taken in sorted order.
 * @param proved whether the trail is
 */
export async function claimOffsets(
  client: Session,
  group: string,
  chunks: readonly Chunk[],
  proved = false
): Promise<Claim> {
  const { rows } = await client.query<{ topic: string; partition: number; hour: Date; recorded?: string }>({
    name: proved ? 'claim-offsets-proved' : 'claim-offsets',
    text: `
      WITH wanted AS (
        SELECT * FROM unnest($2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::text[])
          AS w(topic, partition, incarnation, expected, next_offset, record_offset, digest, topic_id)
      ), locked AS (
        SELECT o.topic, o.partition, w.next_offset, w.record_offset, w.digest, w.topic_id
        FROM sink_offsets o JOIN wanted w USING (topic, partition)
        WHERE o.consumer_group = $1 AND o.next_offset = w.expected AND o.incarnation = w.incarnation AND o.halted IS NULL
        ORDER BY o.topic, o.partition
        FOR UPDATE OF o
      )
      UPDATE sink_offsets o
      SET next_offset = l.next_offset, updated_at = greatest(o.updated_at, now()),
        last_record_offset = coalesce(l.record_offset, o.last_record_offset),
        last_digest = coalesce(l.digest, o.last_digest), topic_id = coalesce(o.topic_id, l.topic_id)
      FROM locked l
      WHERE o.consumer_group = $1 AND o.topic = l.topic AND o.partition = l.partition
      RETURNING o.topic, o.partition, date_trunc('hour', o.updated_at) AS hour${proved ? provedColumns : ''}`,
    values: [
      group,
      chunks.map(({ topic }) => topic),
      chunks.map(({ partition }) => partition),
      chunks.map(({ incarnation }) => incarnation),
      chunks.map(({ first }) => first),
      chunks.map(({ last }) => last + 1),
      chunks.map(({ lastRecord }) => lastRecord?.offset ?? null),
      chunks.map(({ lastRecord }) => lastRecord?.digest ?? null),
      chunks.map(({ topicId }) => topicId ?? null)
    ]
  })
  const granted = new Map(rows.map(row => [keyOf(row), { hour: row.hour }]))
  const recorded = rows[0]?.recorded
  const moment = recorded === undefined ? {} : { recorded }
  const denied = chunks.filter(chunk => !granted.has(keyOf(chunk)))
  if (denied.length === 0) return { granted, stored: [], fenced: [], ...moment }
  const actual = await readPositions(client, group, denied)
  return { granted, ...sortDenied(denied, actual), ...moment }
}

/**
 * Separates chunks that are stored already from those that were overtaken. Offsets alone do not: where the topic was
 * recreated, another sink may have stored the old record of the same offset meanwhile.
 */
export function sortDenied(
  denied: readonly Chunk[],
  actual: ReadonlyMap<string, StoredPosition>
): Pick<Claim, 'stored' | 'fenced'> {
  const isStored = (chunk: Chunk) => {
    const position = actual.get(keyOf(chunk))
    if (position?.nextOffset !== chunk.last + 1 || position.incarnation !== chunk.incarnation) return false
    const { lastRecord } = chunk
    return (
      !lastRecord ||
      (position.lastRecord?.offset === lastRecord.offset && position.lastRecord.digest.equals(lastRecord.digest))
    )
  }
  return { stored: denied.filter(isStored), fenced: denied.filter(chunk => !isStored(chunk)) }
}

/** A row of `sink_offsets`, as {@link positionColumns} asks for it. */
export interface PositionRow {
  readonly topic: string
  readonly partition: number
  readonly next_offset: string
  readonly incarnation: number
  readonly last_record_offset: string | null
  readonly last_digest: Buffer | null
  readonly halted: string | null
  readonly topic_id: string | null
}
export const positionColumns =
  'o.topic, o.partition, o.next_offset, o.incarnation, o.last_record_offset, o.last_digest, o.halted, o.topic_id'

export function storedPosition(row: PositionRow): StoredPosition {
  return {
    nextOffset: Number(row.next_offset),
    incarnation: row.incarnation,
    ...(row.last_digest &&
      row.last_record_offset !== null && {
        lastRecord: { offset: Number(row.last_record_offset), digest: row.last_digest }
      }),
    ...(row.halted && { halted: row.halted }),
    ...(row.topic_id && { topicId: row.topic_id })
  }
}

/** The positions of partitions, by key; those that the trail does not know are left out. @throws a database error */
export async function readPositions(
  client: Queries,
  group: string,
  partitions: readonly TopicPartition[]
): Promise<Map<string, StoredPosition>> {
  const { rows } = await client.query<PositionRow>(
    `SELECT ${positionColumns}
     FROM sink_offsets o JOIN unnest($2::text[], $3::int[]) AS w(topic, partition) USING (topic, partition)
     WHERE o.consumer_group = $1`,
    [group, partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition)]
  )
  return new Map(rows.map(row => [keyOf(row), storedPosition(row)]))
}

/** A partition that the trail may not know yet. */
export interface FreshPartition extends TopicPartition {
  /** Where its log begins. */
  readonly start: number
  readonly topicId?: string | undefined
}

/** The positions of partitions; one that the trail does not know starts at its `start`. */
export async function openPositions(
  client: Session | Pool,
  group: string,
  partitions: readonly FreshPartition[]
): Promise<Map<string, StoredPosition>> {
  // An insert would wait for a sink that sleeps with the row locked, also where it then does nothing.
  const known = await readPositions(client, group, partitions)
  const fresh = partitions.filter(partition => !known.has(keyOf(partition)))
  if (fresh.length === 0) return known
  await client.query(
    `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset, topic_id)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[]) ON CONFLICT DO NOTHING`,
    [
      group,
      fresh.map(({ topic }) => topic),
      fresh.map(({ partition }) => partition),
      fresh.map(({ start }) => start),
      fresh.map(({ topicId }) => topicId ?? null)
    ]
  )
  return readPositions(client, group, partitions)
}

/** Halts an incarnation of a partition until `eventtrail sink reset`, for every sink of the group. */
export async function haltPartition(
  client: Session | Pool,
  group: string,
  { topic, partition, incarnation }: TopicPartition & Pick<StoredPosition, 'incarnation'>,
  reason: string
): Promise<void> {
  await client.query(
    `UPDATE sink_offsets SET halted = $5
     WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND incarnation = $4 AND halted IS NULL`,
    [group, topic, partition, incarnation, reason]
  )
}

/** Halts every partition of a topic that is read, for every sink of the group: their next claim is refused. */
export async function haltTopic(client: Session | Pool, group: string, topic: string, reason: string): Promise<void> {
  // Locks are taken in the order of the claims.
  await client.query(
    `WITH flowing AS (
       SELECT partition FROM sink_offsets WHERE consumer_group = $1 AND topic = $2 AND halted IS NULL
       ORDER BY partition FOR UPDATE
     )
     UPDATE sink_offsets o SET halted = $3 FROM flowing f
     WHERE o.consumer_group = $1 AND o.topic = $2 AND o.partition = f.partition`,
    [group, topic, reason]
  )
}

/** What {@link endBlockers} saw. */
export interface BlockersSeen {
  /** The process ids of the sessions that were ended. */
  readonly ended: number[]
  /** What sessions were at that wait for their client in the middle of a statement: to be handed to the next look. */
  readonly midway: string[]
}

/**
 * Ends sessions of sleeping sinks that keep our session `pid` waiting. A sink that was stopped (SIGSTOP, a frozen
 * machine) in the middle of a transaction keeps its locks for as long as it sleeps; ending its session is safe,
 * because it changes nothing that was committed and its own COMMIT then fails. One that is at work is left alone,
 * however long it takes: two sinks that end each other would never store anything.
 * @param asleepMs ms without a statement after which a sink passes for asleep; in the middle of a COPY: that nothing
 *   came since the look `before`
 */
export async function endBlockers(
  pool: Pool,
  pid: number,
  {
    ownApplication,
    asleepMs,
    before = []
  }: { readonly ownApplication: string; readonly asleepMs: number; readonly before?: readonly string[] }
): Promise<BlockersSeen> {
  // Sessions of another role show no state, and no name either unless this one may look at them (pg_monitor). Who may
  // see them need not be allowed to end them (pg_signal_backend): asked first, for a refusal would end this statement.
  const { rows } = await pool.query<{ pid: number; midway: string | null; ended: boolean }>(
    `SELECT pid, midway, CASE WHEN (asleep OR midway = ANY($4)) AND may THEN pg_terminate_backend(pid) ELSE false END AS ended
     FROM (
       SELECT a.pid, pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE') AS may,
         coalesce(a.state <> 'active' AND clock_timestamp() - a.state_change >= $5 * interval '1 ms', a.state IS NULL) AS asleep,
         CASE WHEN a.state = 'active' AND a.wait_event = 'ClientRead'
           THEN concat_ws(' ', a.pid, a.state_change, c.bytes_processed) END AS midway
       FROM unnest(pg_blocking_pids($1)) AS blocker(pid) JOIN pg_stat_activity a USING (pid)
         LEFT JOIN pg_stat_progress_copy c USING (pid)
       WHERE starts_with(a.application_name, $2) AND NOT starts_with(a.application_name, $3)
     ) AS blockers`,
    [pid, sinkSessions, ownApplication, before, asleepMs]
  )
  return {
    ended: rows.filter(({ ended }) => ended).map(row => row.pid),
    midway: rows.flatMap(({ midway }) => midway ?? [])
  }
}
