import { ConsumerError } from '../../errors.ts'
import type { Message, Run } from '../message.ts'
import { type PersistParts, persisted } from './persisted.ts'

/**
 * Finds out whether the turn of a message has come, where the policy of its group is `park`, and takes note where it ends
 * the letters of an aggregate.
 * @returns false when the group ends, or the partition is another member's, before that is known
 */
export async function begin(message: Message, run: Run, parts: PersistParts): Promise<boolean> {
  const parking = parts.parking?.()
  if (!parking || parking.isFree(message)) return true
  const isEnd = message.redriven?.end !== undefined
  const words = 'it cannot be read or written which aggregates are parked; the partition waits'
  const begun = await persisted(message, run, parts, words, async () => {
    if (!isEnd) return parking.begin(message)
    await parking.drained(message)
    return 'handle'
  })
  run.isParked = begun === 'park'
  return begun !== undefined && !message.source.ended.aborted
}

/** What a dead letter names whose handler was not called. */
export const parkedError = (): ConsumerError =>
  new ConsumerError('AGGREGATE_PARKED', 'An earlier event of the aggregate is in the dead letters')
