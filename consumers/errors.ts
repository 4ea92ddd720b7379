import { EventtrailError } from '../core/index.ts'

/**
 * - `OPTIONS_INVALID`: the group was described wrongly; the message names the option.
 * - `EVENT_MISMATCH`: a message's schema belongs to another event than its topic. Dead-lettered.
 * - `VALUE_MISSING`: a message without a value. Dead-lettered.
 * - `ID_INVALID`: an envelope whose id or aggregate_id is not a UUID. Dead-lettered.
 * - `BATCH_UNREADABLE`, `BATCH_TOO_LARGE`: a batch of the log cannot be read, or not within the limit. Dead-lettered whole.
 * - `GROUP_CLOSED`: the group was drained or closed.
 * - `CATCH_UP_TIMEOUT`: the group was still behind when the time was up.
 */
export type ConsumerErrorCode =
  | 'OPTIONS_INVALID'
  | 'EVENT_MISMATCH'
  | 'VALUE_MISSING'
  | 'ID_INVALID'
  | 'BATCH_UNREADABLE'
  | 'BATCH_TOO_LARGE'
  | 'GROUP_CLOSED'
  | 'CATCH_UP_TIMEOUT'

/** A consumer group was used wrongly, or a message cannot be read. */
export class ConsumerError extends EventtrailError<ConsumerErrorCode> {
  constructor(code: ConsumerErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: code === 'CATCH_UP_TIMEOUT', cause })
  }
}

/**
 * For handlers to throw when something they need is away: the message is tried again, with back-off, without
 * limit, and is never dead-lettered.
 */
export class RetryLater extends EventtrailError<'RETRY_LATER'> {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'RETRY_LATER', retryable: true, cause })
  }
}

/** For handlers to throw when no attempt can succeed: the message is dead-lettered at once. */
export class RejectMessage extends EventtrailError<'REJECTED'> {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'REJECTED', retryable: false, cause })
  }
}
