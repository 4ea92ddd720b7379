import { randomUUID } from 'node:crypto'
import { check } from '../../integrity/harness/check/checker.ts'
import { contentOf } from '../../integrity/harness/check/content.ts'
import { collectEvidence } from '../../integrity/harness/check/evidence.ts'
import { eventually } from '../stack.ts'
import { badge, type TestTrail } from '../trail.ts'

/** What a publisher was assured is stored in Kafka. */
export interface Acknowledged {
  readonly id: string
  readonly eventName: string
  readonly payload: unknown
  readonly aggregateId: string
}

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

/**
 * Holds the trail against what tests published without a look at the receipts; the checker of the integrity suite
 * does it. @returns every violation, in words; none when all is well.
 */
export async function violations(trail: TestTrail, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const published = acknowledged.map(({ id, eventName, payload, aggregateId }, order) => ({
    id,
    aggregateId,
    topic: trail.topicPrefix + eventName,
    outcome: 'stored' as const,
    content: contentOf(payload),
    order
  }))
  return check(await collectEvidence(trail, { published })).map(({ kind, what }) => `${kind}: ${what}`)
}
