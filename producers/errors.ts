import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import type { Receipt } from './types.ts'

/**
 * What is known of an event that was not acknowledged: `failed` means that it is not stored and will not be;
 * `unknown` that it was handed over at least once and no answer came, so that it may be stored.
 */
export type Outcome = 'failed' | 'unknown'

export const publishErrorCodes = {
  EVENT_UNKNOWN: { misconfigured: true, meaning: 'The catalogue has no event of that name.' },
  PAYLOAD_INVALID: { misconfigured: true, meaning: 'The payload does not fit its schema; `field` says where.' },
  ENVELOPE_INVALID: {
    misconfigured: true,
    meaning: 'An id, a time or a header is not what it must be; `field` says which.'
  },
  TOO_LARGE: {
    misconfigured: true,
    meaning: 'The event is larger than `maxMessageBytes`, or than its topic takes (its `max.message.bytes`).'
  },
  SCHEMA_UNREGISTERED: {
    misconfigured: true,
    meaning:
      'The registry does not have this version of the event. Run `eventtrail schemas register`, or pin a version that it has.'
  },
  TOPIC_UNKNOWN: {
    misconfigured: true,
    meaning: 'Kafka has no such topic. Check `topicPrefix`; `eventtrail schemas register` makes topics.'
  },
  REFUSED: { meaning: 'Kafka or the registry says no: rights or credentials. The message has the reason.' },
  BUFFER_FULL: {
    retryable: true,
    meaning: 'Too many events are unacknowledged. Wait for `ready()` and publish again.'
  },
  TIMED_OUT: {
    retryable: true,
    meaning: 'The event was not acknowledged within `deliveryTimeoutMs`; the cause says why.'
  },
  STORE_FAILED: {
    meaning:
      'The store of an in-process bus failed; the cause is its error, which decides whether another try is worth it. No subscriber got the event; the outcome says whether it may be stored.'
  },
  CLOSED: { meaning: 'The publisher was drained or closed, or failed, perhaps before the answer came. Make a new one.' }
} as const satisfies ErrorCodes
export type PublishErrorCode = keyof typeof publishErrorCodes

export interface PublishErrorFacts {
  readonly eventName?: string | undefined
  readonly outcome?: Outcome
  /** Default: as the code says. */
  readonly retryable?: boolean
  /** Default: as the code says. */
  readonly misconfigured?: boolean
  readonly id?: string | undefined
  readonly field?: string | undefined
  readonly cause?: unknown
}

/** An event was not acknowledged. Names the event and the field at fault, never a value. */
export class PublishError extends EventtrailError<PublishErrorCode> {
  /** Undefined where it is not about one event: a bus that is closed takes no subscribers. */
  readonly eventName: string | undefined
  readonly outcome: Outcome
  /** Id of the event, where it had one already. Publish again with it: an event that is stored twice counts once. */
  readonly id: string | undefined
  /** Where the fault is: `score_raw`, `answers[2].text`, `aggregateId`. */
  readonly field: string | undefined

  constructor(code: PublishErrorCode, message: string, facts: PublishErrorFacts) {
    super(message, { code, ...publishErrorCodes[code], ...facts })
    this.eventName = facts.eventName
    this.outcome = facts.outcome ?? 'failed'
    this.id = facts.id
    this.field = facts.field
  }
}

export const publishAllErrorCodes = {
  SOME_FAILED: {
    meaning:
      'Some events of a `publishAll` were not acknowledged, the others were; `results` has one result for each event. Retryable when all failures are.'
  }
} as const satisfies ErrorCodes

/** Some events of a `publishAll` were not acknowledged. */
export class PublishAllError extends EventtrailError<'SOME_FAILED'> {
  /** One for each event, in their order. */
  readonly results: readonly PromiseSettledResult<Receipt>[]

  constructor(results: readonly PromiseSettledResult<Receipt>[]) {
    const reasons = results.filter(result => result.status === 'rejected').map(result => result.reason as unknown)
    super(`${reasons.length} of ${results.length} events were not published`, {
      code: 'SOME_FAILED',
      retryable: reasons.every(reason => reason instanceof EventtrailError && reason.retryable),
      cause: reasons[0]
    })
    this.results = results
  }
}
