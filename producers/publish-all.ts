import { PublishAllError } from './errors.ts'
import type { Receipt } from './types.ts'

/** How `publishAll` puts one event after the other. */
export interface OneByOne<Event, Published extends Receipt> {
  publish(event: Event): Promise<Published>
  /** A promise when there is no room just now. */
  room(): Promise<void> | undefined
}

/**
 * Publishes what an iterable gives, no faster than there is room, and waits for all answers.
 * @throws PublishAllError, or what the iterable threw
 */
export async function publishAll<Event, Published extends Receipt>(
  { publish, room }: OneByOne<Event, Published>,
  events: Iterable<Event> | AsyncIterable<Event>
): Promise<Published[]> {
  const receipts: Published[] = []
  const failures = new Map<number, unknown>()
  const answers: Promise<void>[] = []
  const start = (event: Event): void => {
    const index = answers.length
    const answer = publish(event)
    // Handled from the start: a rejection may come long before all events are on their way.
    answers.push(
      answer.then(
        receipt => {
          receipts[index] = receipt
        },
        reason => void failures.set(index, reason)
      )
    )
  }
  try {
    if (Symbol.asyncIterator in events) {
      for await (const event of events) {
        await room()
        start(event)
      }
    } else {
      // No await for each event, only where there is no room.
      for (const event of events) {
        const wait = room()
        if (wait !== undefined) await wait
        start(event)
      }
    }
  } finally {
    await Promise.all(answers)
  }
  if (failures.size === 0) return receipts
  throw new PublishAllError(
    answers.map((_, index) =>
      failures.has(index)
        ? { status: 'rejected', reason: failures.get(index) }
        : { status: 'fulfilled', value: receipts[index] as Published }
    )
  )
}
