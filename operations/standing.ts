import type { KafkaAdmin, LogEnds } from '../kafka/index.ts'
import { keyOf, type TopicPartition, topicsOf } from '../kafka/index.ts'
import type { Pool } from '../postgres/index.ts'
import { lagOf, listPositions, type PartitionPosition } from '../trail/index.ts'

/** The log of a partition, and the trail's position in it. */
export interface Standing extends LogEnds {
  /** The first offset that is not in the trail; undefined where no sink of the group has read the partition. */
  readonly next: number | undefined
  readonly halted: string | undefined
  /** Offsets that are in the log and not in the trail. */
  readonly waiting: number
  /** Offsets that were removed from the log before they were read, and that no sink has noticed yet. */
  readonly removed: number
  /** Offsets that the trail has and the log does not reach: it was cut back, or is another one. */
  readonly beyond: number
  /** The topic was deleted and recreated: the position is one in another log. */
  readonly replaced: boolean
}

export interface Standings {
  readonly partitions: readonly Standing[]
  /** What the trail has a position of and Kafka has not, or has no leader for. */
  readonly gone: readonly TopicPartition[]
}

/**
 * Holds the ends of the logs of topics against the positions of a group of sinks, which may be at work meanwhile.
 * @throws KafkaError, a database error
 */
export async function standings(
  { admin, pool }: { readonly admin: KafkaAdmin; readonly pool: Pool },
  group: string,
  topics: readonly string[]
): Promise<Standings> {
  // Before and after the logs: neither what is stored nor what is removed in between may look like a fault.
  const before = await positionsOf(pool, group, topics)
  const logs = await admin.logEnds(topics)
  const after = await positionsOf(pool, group, topics)
  const ids = await admin.topicIds(topicsOf([...after.values()]))
  const there = new Set(logs.map(keyOf))
  const partitions = logs.map(log => {
    const key = keyOf(log)
    const [was, is] = [before.get(key), after.get(key)]
    const id = ids.get(log.topic)
    const replaced = is?.topicId !== undefined && id !== undefined && is.topicId !== id
    const next = is?.nextOffset
    return {
      ...log,
      next,
      halted: is?.halted,
      waiting: lagOf(is, { ...log, topicId: id }),
      removed: replaced || next === undefined ? 0 : Math.max(0, log.start - next),
      beyond: replaced || was === undefined ? 0 : Math.max(0, Math.min(was.nextOffset, next ?? 0) - log.highWatermark),
      replaced
    }
  })
  return { partitions, gone: [...after.values()].filter(position => !there.has(keyOf(position))) }
}

async function positionsOf(
  pool: Pool,
  group: string,
  topics: readonly string[]
): Promise<Map<string, PartitionPosition>> {
  return new Map((await listPositions(pool, group, topics)).map(position => [keyOf(position), position]))
}
