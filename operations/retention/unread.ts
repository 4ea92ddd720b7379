import { counted } from '../../core/index.ts'
import { type KafkaAdmin, keyOf, type LogReader, topicsOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { forgottenTopics, listPositions, topicsByGroup } from '../../trail/index.ts'
import type { Month } from './month.ts'

export interface UnreadParts {
  readonly pool: Pool
  readonly admin: KafkaAdmin
  readonly reader: LogReader
  readonly topicPrefix: string
}

/**
 * Partitions in which sinks have not stored all that Kafka took until the end of a month, in words: events of the month
 * may be among the rest. By the times of the records.
 * @throws KafkaError, a database error
 */
export async function unreadUntil({ pool, admin, reader, topicPrefix }: UnreadParts, month: Month): Promise<string[]> {
  const words: string[] = []
  for (const group of (await topicsByGroup(pool, topicPrefix)).keys()) {
    const forgotten = await forgottenTopics(pool, group)
    const positions = (await listPositions(pool, group)).filter(({ topic }) => !forgotten.has(topic))
    // What Kafka has no more of cannot be waited for.
    const logs = new Map((await admin.logEnds(topicsOf(positions))).map(log => [keyOf(log), log]))
    const there = positions.filter(position => logs.has(keyOf(position)))
    const ends = await reader.offsetsAt(there, month.end)
    for (const position of there) {
      const key = keyOf(position)
      const until = ends.get(key) ?? 0
      const unread = until - Math.max(position.nextOffset, logs.get(key)?.start ?? 0)
      if (unread > 0)
        words.push(
          `${key}: ${counted(unread, 'offset')} from before the end of ${month.name} ${unread === 1 ? 'is' : 'are'} not stored by group ${group}. \`eventtrail doctor\` says why`
        )
    }
  }
  return words
}
