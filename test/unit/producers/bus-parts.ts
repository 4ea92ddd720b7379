import { randomUUID } from 'node:crypto'
import { EventtrailError } from '../../../core/errors.ts'
import type { BusItem, EventStore, StoredEvent, Subscription } from '../../../producers/bus/index.ts'
import type { Envelope } from '../../../schemas/index.ts'

export const badge = (reason = 'ten lessons') => ({ badge_id: randomUUID(), awarded_to: randomUUID(), reason })
export const quiz = () => ({
  submission_id: randomUUID(),
  student_id: randomUUID(),
  quiz_id: randomUUID(),
  score_raw: 1
})

export async function take<E>(subscription: Subscription<E>, count: number): Promise<BusItem<E>[]> {
  const items: BusItem<E>[] = []
  while (items.length < count) {
    const { value, done } = await subscription.next()
    if (done) break
    items.push(value)
  }
  return items
}
export const reasons = (items: readonly BusItem<Envelope>[]) =>
  items.map(item =>
    item.kind === 'lagged' ? -item.missed : Number((item.envelope.payload as { reason: string }).reason)
  )

/** A store that answers on demand. */
export function gatedStore() {
  const calls: { events: readonly StoredEvent[]; answer: PromiseWithResolvers<void> }[] = []
  const called = [Promise.withResolvers<void>()]
  const store: EventStore = {
    append(events) {
      const answer = Promise.withResolvers<void>()
      calls.push({ events, answer })
      called.at(-1)?.resolve()
      called.push(Promise.withResolvers())
      return answer.promise
    }
  }
  const call = async (index: number) => {
    await called[index]?.promise
    return calls[index] as (typeof calls)[number]
  }
  return { store, call }
}

export class Outage extends EventtrailError<'OUTAGE'> {
  constructor() {
    super('the store is away', { code: 'OUTAGE', retryable: true })
  }
}
