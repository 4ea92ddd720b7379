import type { TopicPartition } from '../../kafka/index.ts'
import type { Queries } from '../../postgres/index.ts'
import {
  type HaltedPartition,
  type PositionRow,
  positionColumns,
  type StoredPosition,
  storedPosition
} from '../positions/index.ts'

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

/** Partitions that wait for an operator, of all groups, by group, topic and partition. @throws a database error */
export async function listHalted(queries: Queries): Promise<HaltedPartition[]> {
  const { rows } = await queries.query<HaltedPartition>(
    `SELECT consumer_group AS "group", topic, partition, halted FROM sink_offsets
     WHERE halted IS NOT NULL ORDER BY consumer_group, topic, partition`
  )
  return rows
}

/** The topics that each group of sinks has read, by group. @param topicPrefix of the groups @throws a database error */
export async function topicsByGroup(queries: Queries, topicPrefix: string): Promise<Map<string, string[]>> {
  const { rows } = await queries.query<{ group: string; topics: string[] }>(
    `SELECT consumer_group AS "group", array_agg(DISTINCT topic) AS topics FROM sink_offsets
     WHERE starts_with(consumer_group, $1) GROUP BY consumer_group ORDER BY consumer_group`,
    [topicPrefix]
  )
  return new Map(rows.map(({ group, topics }) => [group, topics]))
}
