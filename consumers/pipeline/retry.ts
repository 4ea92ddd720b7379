import { backoffMs, type Clock, type Logger, pause } from '../../core/index.ts'
import type { RetryPolicy } from '../options.ts'
import { judge, logFieldsOf } from './failures/index.ts'
import type { MaybePromise, Message, Run, Stage, Step } from './message.ts'

export interface RetryParts {
  readonly retry: RetryPolicy & { readonly attempts: number }
  /** Aborts when running handlers shall end. */
  readonly closing: AbortSignal
  /** Called before each pause. */
  readonly onRetry: () => void
  /** Whether the messages of errors may be logged. */
  readonly logMessages: boolean
  readonly log: Logger
  readonly clock: Clock
}

/**
 * Repeats what fails until the verdict on its failures ends that, with back-off. During a pause the message keeps its
 * lane, and its slot is another's. Not `retry()` of core: only some failures are counted.
 */
export function retrying({ retry, closing, onRetry, logMessages, log, clock }: RetryParts): Stage {
  const succeeded = (run: Run): void => {
    // A handler that saw its signal may have returned half-way.
    run.isLeft = closing.aborted
  }

  async function goOn(next: Step, message: Message, run: Run, thrown: unknown): Promise<void> {
    const { ended } = message.source
    let failures = 0
    for (let failure = thrown; !closing.aborted; ) {
      run.firstFailureAt ??= clock.now()
      const verdict = judge(failure)
      if (verdict !== 'wait') failures += 1
      if (verdict === 'give up' || failures >= retry.attempts) throw failure
      const waitMs = backoffMs(run.attempt, retry, clock.random)
      log.warn(
        { ...logFieldsOf(message, run, failure, { logMessages }), waitMs, verdict },
        'a message failed, it is tried again'
      )
      onRetry()
      await run.slot.rest(() => pause(waitMs, ended, clock))
      run.attempt += 1
      if (ended.aborted) break
      try {
        await next(message, run)
        return succeeded(run)
      } catch (again) {
        failure = again
      }
    }
    run.isLeft = true
  }

  return next => (message, run) => {
    if (message.source.ended.aborted) {
      run.isLeft = true
      return
    }
    let first: MaybePromise
    try {
      first = next(message, run)
    } catch (thrown) {
      return goOn(next, message, run, thrown)
    }
    if (!first) return succeeded(run)
    return first.then(
      () => succeeded(run),
      (thrown: unknown) => goOn(next, message, run, thrown)
    )
  }
}
