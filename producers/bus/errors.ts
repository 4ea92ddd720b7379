import { EventtrailError } from '../../core/index.ts'
import type { Outcome } from '../errors.ts'

/**
 * - `SERIALIZATION`: the event is not one of the catalogue, or not as its schema says; the cause is the PublishError.
 * - `STORE`: the store failed; the cause is its error. The event may be stored, and no subscriber got it.
 * - `CHANNEL_CLOSED`: the bus is closed.
 */
export type BusErrorCode = 'SERIALIZATION' | 'STORE' | 'CHANNEL_CLOSED'

export interface BusErrorFacts {
  readonly eventName?: string | undefined
  readonly outcome?: Outcome
  readonly retryable?: boolean
  readonly id?: string | undefined
  readonly field?: string | undefined
  readonly cause?: unknown
}

/** An event was not published in process, or a bus is closed. Names the event and the field, never a value. */
export class BusError extends EventtrailError<BusErrorCode> {
  readonly eventName: string | undefined
  readonly outcome: Outcome
  /** Id of the event, where it had one already. */
  readonly id: string | undefined
  readonly field: string | undefined

  constructor(code: BusErrorCode, message: string, facts: BusErrorFacts = {}) {
    super(message, { code, retryable: facts.retryable ?? false, cause: facts.cause })
    this.eventName = facts.eventName
    this.outcome = facts.outcome ?? 'failed'
    this.id = facts.id
    this.field = facts.field
  }
}
