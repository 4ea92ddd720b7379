import type { TopicPartition } from '../../kafka/index.ts'
import type { Queries } from '../../postgres/index.ts'
import { type PositionRow, positionColumns, type StoredPosition, storedPosition } from '../positions/index.ts'

/** The position of a partition in the trail. */
export interface PartitionPosition extends TopicPartition, StoredPosition {}

/**
 * The positions of a group of sinks, by topic and partition.
 * @param group with the prefix, as the tables have it
 * @param topics only these; default: all that the group has read
 * @throws a database error
 */
export async function listPositions(
  queries: Queries,
  group: string,
  topics?: readonly string[]
): Promise<PartitionPosition[]> {
  const { rows } = await queries.query<PositionRow>(
    `SELECT ${positionColumns} FROM sink_offsets o
     WHERE consumer_group = $1 AND ($2::text[] IS NULL OR topic = ANY($2)) ORDER BY topic, partition`,
    [group, topics ?? null]
  )
  return rows.map(row => ({ topic: row.topic, partition: row.partition, ...storedPosition(row) }))
}
