import { keyOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { TrailError } from '../errors.ts'

export interface AcceptGapRequest {
  /** With the prefix, as the tables have it. */
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Only the gap that begins there. Default: all of the partition that are not accepted. */
  readonly offset?: number | undefined
  /** Kept for the audit. */
  readonly reason: string
}

/**
 * Records that gaps of a partition are known: they stay counted and are no longer alarmed.
 * @returns how many gaps, and how many offsets they hold.
 * @throws TrailError `REQUEST_INVALID` when there is none
 */
export async function acceptGap(
  pool: Pool,
  { group, topic, partition, offset, reason }: AcceptGapRequest
): Promise<{ readonly gaps: number; readonly offsets: number }> {
  const { rows } = await pool.query<{ offsets: string }>(
    `UPDATE sink_gaps SET accepted_at = now(), accepted_by = session_user, acceptance = $5
     WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND accepted_at IS NULL
       AND ($4::bigint IS NULL OR first_offset = $4)
     RETURNING last_offset - first_offset + 1 AS offsets`,
    [group, topic, partition, offset ?? null, reason]
  )
  if (rows.length === 0) {
    const begins = offset === undefined ? '' : ` that begins at ${offset}`
    throw new TrailError(
      'REQUEST_INVALID',
      `${keyOf({ topic, partition })} has no gap${begins} in group ${group} that is not accepted yet: SELECT * FROM sink_gaps lists them`
    )
  }
  return { gaps: rows.length, offsets: rows.reduce((sum, row) => sum + Number(row.offsets), 0) }
}
