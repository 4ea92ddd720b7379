import type { SendError } from '../../kafka/index.ts'
import type { Batch } from './batcher.ts'
import type { Pending } from './types.ts'

type Leaving = Pick<Batch<Pick<Pending, 'done' | 'bytes' | 'deadline'>>, 'items' | 'sent'>

class HeldBack extends Error {}

/**
 * The moment when a batch may begin to leave. A caller whose deadline has passed by now was answered that the event
 * never left: it is held back, and the others go without it.
 */
export function leave(batch: Leaving): void {
  if (!batch.sent && batch.items.some(item => item.done)) throw new HeldBack()
  batch.sent = true
}

/**
 * Whether a batch may be stored after an attempt that failed.
 * The error is that of a whole request: a batch that was held back has not left, though another one of it had begun to.
 * @param before whether an attempt before this one may have stored it.
 */
export function mayBeStored(batch: Leaving, error: Pick<SendError, 'sent' | 'retryable'>, before: boolean): boolean {
  return before || (batch.sent && error.sent && error.retryable)
}

/** Whether Kafka is unreachable, or lets this process in no more. A right that is missing is an answer. */
export const isAway = ({ code, misconfigured }: Pick<SendError, 'code' | 'misconfigured'>): boolean =>
  code === 'KAFKA_UNAVAILABLE' || (misconfigured && code !== 'NOT_AUTHORIZED')
