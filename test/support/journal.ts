import { randomUUID } from 'node:crypto'
import type { Acknowledged } from './checker.ts'
import { eventually } from './stack.ts'
import { badge, type TestTrail } from './trail.ts'

/** Publishes badges and remembers what Kafka acknowledged, so that the trail can be held against it. */
export function publisherJournal(trail: TestTrail) {
  const acknowledged: Acknowledged[] = []
  const position = async () =>
    Number((await trail.rows('SELECT coalesce(sum(next_offset), 0) AS n FROM sink_offsets'))[0]?.n)
  return {
    acknowledged,
    async publish(count: number): Promise<void> {
      const events = Array.from({ length: count }, () => ({
        ...badge('a badge'),
        id: randomUUID(),
        aggregateId: randomUUID()
      }))
      await trail.publish(events)
      acknowledged.push(...events)
    },
    /** Sum of the offsets that the trail has reached. */
    position,
    /** Waits until the trail has reached the end of what was published. */
    caughtUp: (what: string, timeoutMs = 60_000) =>
      eventually(async () => (await position()) === acknowledged.length, { what, timeoutMs })
  }
}
