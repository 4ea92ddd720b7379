import { keyOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { inTransaction } from '../database.ts'
import { TrailError } from '../errors.ts'
import { resumable } from './halts.ts'

export interface ResumeRequest {
  readonly group: string
  readonly topic: string
}

/**
 * Resumes the partitions of a topic that were halted for its records or its schemas, where they were halted and in the
 * same incarnation; sinks that run follow by themselves. Partitions that are halted for another reason stay so.
 * @returns how many partitions were resumed
 * @throws TrailError `REQUEST_INVALID` when none is halted for such a reason
 */
export async function resumeTopic(pool: Pool, { group, topic }: ResumeRequest): Promise<number> {
  return inTransaction(pool, async client => {
    // In the order in which sinks take these locks.
    const { rows } = await client.query<{ partition: number; halted: string | null }>(
      `SELECT partition, halted FROM sink_offsets WHERE consumer_group = $1 AND topic = $2
       ORDER BY partition FOR UPDATE`,
      [group, topic]
    )
    if (rows.length === 0) {
      throw new TrailError(
        'REQUEST_INVALID',
        `No sink of group ${group} has read ${topic}: check --event, --prefix and --group`
      )
    }
    const halted = rows
      .filter(row => row.halted !== null && resumable.includes(row.halted))
      .map(({ partition }) => partition)
    if (halted.length === 0) {
      const others = rows.flatMap(row =>
        row.halted === null ? [] : [`${keyOf({ topic, partition: row.partition })} is halted for ${row.halted}`]
      )
      const words = others.length > 0 ? `; ${others.join(', ')}: that is for \`eventtrail sink reset\`` : ''
      throw new TrailError(
        'REQUEST_INVALID',
        `No partition of ${topic} is halted for ${resumable.join(' or ')} in group ${group}${words}`
      )
    }
    await client.query(
      'UPDATE sink_offsets SET halted = NULL WHERE consumer_group = $1 AND topic = $2 AND partition = ANY($3)',
      [group, topic, halted]
    )
    return halted.length
  })
}
