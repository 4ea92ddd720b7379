import { check } from '../integrity/harness/check/checker.ts'
import { contentOf } from '../integrity/harness/check/content.ts'
import { collectEvidence } from '../integrity/harness/check/evidence.ts'
import type { TestTrail } from './trail.ts'

/** What a publisher was told is stored in Kafka. */
export interface Acknowledged {
  readonly id: string
  readonly eventName: string
  readonly payload: unknown
  readonly aggregateId: string
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
