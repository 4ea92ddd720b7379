import { backoffMs, type Clock, type Logger, pause } from '../../../core/index.ts'
import type { Parking } from '../../dead-letters/index.ts'
import type { RetryPolicy } from '../../options.ts'
import { type Message, placeOf, type Run } from '../message.ts'
import { faultName, faultNames } from './faults.ts'

export interface PersistParts {
  /** Messages about which something is not written, with the name of the fault: their partitions wait. */
  readonly unwritten: Map<Message, string>
  /** Of a group with the policy `park`, once it has started. */
  readonly parking?: (() => Parking | undefined) | undefined
  readonly retry: RetryPolicy
  readonly log: Logger
  readonly clock: Clock
}

/**
 * Does for a message what has to succeed before anything later of its partition counts: again and again, without its slot
 * in between.
 * @param words what a log says when it fails
 * @returns undefined when the group ended before, or the partition went to another member
 */
export async function persisted<T>(
  message: Message,
  { slot }: Run,
  { unwritten, retry, log, clock }: PersistParts,
  words: string,
  work: () => Promise<T>
): Promise<T | undefined> {
  try {
    // Not `retry()`: a message gives up its slot while it pauses.
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (thrown) {
        unwritten.set(message, faultName(thrown))
        const waitMs = backoffMs(attempt, retry, clock.random)
        log.error({ ...placeOf(message), fault: faultNames(thrown), waitMs }, words)
        if (!(await slot.rest(() => pause(waitMs, message.source.ended, clock)))) return undefined
      }
    }
  } finally {
    unwritten.delete(message)
  }
}
