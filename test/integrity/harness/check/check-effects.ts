import type { Report } from './checker.ts'
import type { Evidence, GroupEffects, Published } from './facts.ts'

/** Handlers are called at least once for each event, and in order for each aggregate when they see it first. */
export function checkEffects(evidence: Evidence, published: ReadonlyMap<string, Published>, add: Report): void {
  for (const effects of evidence.effects) {
    const seen = new Set(effects.handled.map(({ id }) => id))
    const topics = new Set(effects.topics)
    for (const { id, topic, outcome } of evidence.published) {
      if (outcome === 'stored' && topics.has(topic) && !seen.has(id))
        add('effect-missing', `${effects.group} has not handled ${id}`)
    }
    checkHandled(effects, published, add)
  }
}

function checkHandled({ group, handled }: GroupEffects, published: ReadonlyMap<string, Published>, add: Report): void {
  const seen = new Set<string>()
  const latest = new Map<string, number>()
  for (const { id, topic, aggregateId } of handled) {
    if (seen.has(id)) continue
    seen.add(id)
    const event = published.get(id)
    if (!event || event.outcome === 'failed') {
      add('effect-unpublished', `${group} has handled ${id}, which was never sent`)
      continue
    }
    const stream = `${aggregateId} ${topic}`
    const before = latest.get(stream) ?? Number.NEGATIVE_INFINITY
    if (event.order < before) add('effect-order', `${group} has handled ${id} behind a later event of its aggregate`)
    latest.set(stream, Math.max(before, event.order))
  }
}
