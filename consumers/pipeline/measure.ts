import type { Clock } from '../../core/index.ts'
import { type Call, promised } from './chain.ts'

/** The call of a handler that has not ended. */
export interface RunningCall {
  readonly eventName: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly attempt: number
  /** By the monotonic clock, ms. */
  readonly beganAt: number
}

export interface MeasureParts {
  /** Calls are added when they begin, and removed when they end. */
  readonly calls: Set<RunningCall>
  /** Gets the time of each call, failed ones included, in ms. */
  readonly onEnd: (ms: number) => void
  readonly clock: Clock
}

/**
 * Measures each call of a handler, without the middlewares of users around it. Calls that end at once are in `calls` at no
 * time: nothing could see them there.
 */
export function measure({ calls, onEnd, clock }: MeasureParts): (next: Call) => Call {
  return next => (envelope, context) => {
    const beganAt = clock.monotonic()
    let running: Promise<void> | undefined
    try {
      running = promised(next(envelope, context))
    } finally {
      if (!running) onEnd(clock.monotonic() - beganAt)
    }
    if (!running) return
    const { topic, partition, offset, attempt } = context
    const call = { eventName: envelope.event_name, topic, partition, offset, attempt, beganAt }
    calls.add(call)
    const end = (): void => {
      calls.delete(call)
      onEnd(clock.monotonic() - beganAt)
    }
    return running.then(end, (thrown: unknown) => {
      end()
      throw thrown
    })
  }
}
