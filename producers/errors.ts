import { EventtrailError, misspeltOption } from '../core/index.ts'
import type { Receipt } from './types.ts'

/**
 * What is known of an event that was not acknowledged: `failed` means that it is not stored and will not be;
 * `unknown` that it was handed over at least once and no answer came, so that it may be stored.
 */
export type Outcome = 'failed' | 'unknown'

/**
 * Wrong as it was given:
 * - `EVENT_UNKNOWN`: the catalogue has no such event.
 * - `PAYLOAD_INVALID`: the payload does not fit its schema; `field` says where.
 * - `ENVELOPE_INVALID`: an id, a time or a header is not what it must be; `field` says which.
 * - `TOO_LARGE`: the record is larger than `maxMessageBytes` or than its topic takes.
 *
 * Not set up:
 * - `SCHEMA_UNREGISTERED`: the registry does not have this version of the event.
 * - `TOPIC_UNKNOWN`: Kafka has no such topic.
 * - `REFUSED`: Kafka or the registry says no: rights, credentials.
 *
 * Not in time:
 * - `BUFFER_FULL`: too many events are unacknowledged; wait for `ready()`.
 * - `TIMED_OUT`: not acknowledged within `deliveryTimeoutMs`; the cause says what stood in the way.
 * - `CLOSED`: the producer is closed, or was before the answer came.
 */
export type PublishErrorCode =
  | 'EVENT_UNKNOWN'
  | 'PAYLOAD_INVALID'
  | 'ENVELOPE_INVALID'
  | 'TOO_LARGE'
  | 'SCHEMA_UNREGISTERED'
  | 'TOPIC_UNKNOWN'
  | 'REFUSED'
  | 'BUFFER_FULL'
  | 'TIMED_OUT'
  | 'CLOSED'

export interface PublishErrorFacts {
  readonly eventName: string
  readonly outcome?: Outcome
  readonly id?: string | undefined
  readonly field?: string | undefined
  readonly cause?: unknown
}

/** An event was not acknowledged. Names the event and the field at fault, never a value. */
export class PublishError extends EventtrailError<PublishErrorCode> {
  readonly eventName: string
  readonly outcome: Outcome
  /** Id of the event, where it had one already. Publish again with it: an event that is stored twice counts once. */
  readonly id: string | undefined
  /** Where the fault is: `score_raw`, `answers[2].text`, `aggregateId`. */
  readonly field: string | undefined

  constructor(code: PublishErrorCode, message: string, facts: PublishErrorFacts) {
    super(message, { code, retryable: code === 'TIMED_OUT' || code === 'BUFFER_FULL', cause: facts.cause })
    this.eventName = facts.eventName
    this.outcome = facts.outcome ?? 'failed'
    this.id = facts.id
    this.field = facts.field
  }
}

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

/** An option is not what it must be: "Expected `lingerMs` to be …, got …"; or there is none of its name. */
export class OptionsError extends EventtrailError<'OPTIONS_INVALID'> {
  /** @param got left out where it may hold a password */
  constructor(option: string, expected: string, ...got: [] | [got: unknown]) {
    const instead = got.length > 0 ? `, got ${String(got[0])}` : ''
    super(`Expected \`${option}\` to be ${expected}${instead}`, { code: 'OPTIONS_INVALID', retryable: false })
  }
}

/** @throws OptionsError when one of the names looks like that of another option */
export function refuseMisspelt(given: object, known: readonly string[]): void {
  const misspelt = misspeltOption(given, known)
  if (misspelt) throw new OptionsError(misspelt.name, misspelt.expected)
}
