import type { PartitionRange } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { inTransaction } from '../database.ts'
import { TrailError } from '../errors.ts'
import { ChangeEntries, type Signing } from '../proof/index.ts'
import { resumable } from './halts.ts'

export interface ResetRequest {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Where to read on: the start of the log, its end, or an offset. */
  readonly to: 'earliest' | 'latest' | number
  /** Kept in `sink_resets`. */
  readonly reason: string
  /** Also where the partition is not halted. Default false. */
  readonly force?: boolean
  /** Needed where the trail is proved. */
  readonly signing?: Signing
}

export interface ResetResult {
  readonly from: number | undefined
  readonly to: number
  readonly incarnation: number
}

/** Partitions of a topic that are halted for their log, which `sink resume` does not resume. */
export async function partitionsToReset(pool: Pool, group: string, topic: string): Promise<number[]> {
  const { rows } = await pool.query<{ partition: number }>(
    `SELECT partition FROM sink_offsets WHERE consumer_group = $1 AND topic = $2 AND halted <> ALL($3) ORDER BY partition`,
    [group, topic, resumable]
  )
  if (rows.length === 0)
    throw new TrailError(
      'REQUEST_INVALID',
      `No partition of ${topic} is halted for its log in group ${group}: check --event, --prefix and --group, or give --partition`
    )
  return rows.map(({ partition }) => partition)
}

/**
 * Accepts the log as it is now: the partition's offsets belong to a new incarnation from here on, and a sink that
 * runs continues by itself. What is stored already stays; it is recognised by its id when it comes again.
 * @throws TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`, `REQUEST_INVALID` when the offset is outside of the log, or the partition is not halted
 */
export async function resetPartition(pool: Pool, request: ResetRequest, log: PartitionRange): Promise<ResetResult> {
  const { group, topic, partition, reason, signing } = request
  const to = request.to === 'earliest' ? log.start : request.to === 'latest' ? log.end : request.to
  if (!(to >= log.start && to <= log.end)) {
    throw new TrailError(
      'REQUEST_INVALID',
      `Offset ${to} is outside of the log of ${topic}/${partition}, which goes from ${log.start} to ${log.end}`
    )
  }
  return inTransaction(pool, async client => {
    const before = await client.query<{ next_offset: string; incarnation: number; halted: string | null }>(
      'SELECT next_offset, incarnation, halted FROM sink_offsets WHERE consumer_group = $1 AND topic = $2 AND partition = $3 FOR UPDATE',
      [group, topic, partition]
    )
    const [old] = before.rows
    if (!old?.halted && !request.force) {
      throw new TrailError(
        'REQUEST_INVALID',
        `${topic}/${partition} is not halted (${old ? `it is at ${old.next_offset}` : `no sink of group ${group} has read it`}); --force resets it anyway`
      )
    }
    // The row is locked: a proof that begins meanwhile has waited for it, or is on by now.
    const entries = await ChangeEntries.begin(client, signing, reason)
    const incarnation = (old?.incarnation ?? 0) + 1
    await client.query(
      `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset, incarnation) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (consumer_group, topic, partition) DO UPDATE
       SET next_offset = $4, incarnation = $5, last_record_offset = NULL, last_digest = NULL, topic_id = NULL, halted = NULL, updated_at = now()`,
      [group, topic, partition, to, incarnation]
    )
    await client.query(
      `INSERT INTO sink_resets (consumer_group, topic, partition, incarnation, from_offset, to_offset, halted, reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [group, topic, partition, incarnation, old?.next_offset ?? null, to, old?.halted ?? null, reason]
    )
    const from = old && Number(old.next_offset)
    await entries?.add({ kind: 'reset', group, reset: [{ topic, partition, incarnation, from: from ?? to, to }] })
    return { from, to, incarnation }
  })
}
