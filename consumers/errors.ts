import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const consumerErrorCodes = {
  CLOSED: { meaning: 'The group was drained or closed, or failed. Make a new one.' },
  CATCH_UP_TIMEOUT: {
    retryable: true,
    meaning: 'The group had not caught up when the time was up. The message says where and what holds it.'
  },
  NOT_ASSIGNED: {
    retryable: true,
    meaning: 'The partition is read by another member of the group: only the one that reads it can seek in it.'
  },
  HANDLER_TIMEOUT: {
    meaning:
      'An attempt of a handler took longer than `timeoutMs` of its group. It counts as one of `retry.attempts`, whatever the handler did after that.'
  },
  NULL_VALUE: { meaning: 'A message has no value. It is dead-lettered.' },
  EVENT_NAME_MISMATCH: {
    meaning: 'The schema of a message belongs to another event than its topic. It is dead-lettered.'
  },
  ID_INVALID: { meaning: 'The id or the aggregate id of an envelope is not a UUID. It is dead-lettered.' },
  AGGREGATE_PARKED: {
    meaning:
      'An earlier event of the aggregate is in the dead letters, so this one is there too (policy `park`). Its handler was not called. Redrive the aggregate.'
  },
  EVENT_UNHANDLED: {
    meaning:
      'A dead letter was redriven to a group that has no handler for its event, or its headers do not say where it came from. It is dead-lettered again.'
  },
  BATCH_UNREADABLE: { meaning: 'A batch of the log cannot be read. It is dead-lettered whole.' },
  BATCH_TOO_LARGE: {
    meaning: 'A batch of the log is larger than `maxBatchBytes` when decompressed. It is dead-lettered whole.'
  }
} as const satisfies ErrorCodes
export type ConsumerErrorCode = keyof typeof consumerErrorCodes

export const handlerErrorCodes = {
  RETRY_LATER: {
    retryable: true,
    meaning: 'Thrown by handlers: the message is tried again without limit, and is never dead-lettered.'
  },
  REJECTED: { meaning: 'Thrown by handlers: no attempt can succeed; the message is dead-lettered at once.' }
} as const satisfies ErrorCodes

/** A consumer group was used wrongly, or a message cannot be read. */
export class ConsumerError extends EventtrailError<ConsumerErrorCode> {
  constructor(code: ConsumerErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...consumerErrorCodes[code], cause })
  }
}

/**
 * For handlers to throw when something they need is away: the message is tried again, with back-off, without
 * limit, and is never dead-lettered.
 */
export class RetryLater extends EventtrailError<'RETRY_LATER'> {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'RETRY_LATER', ...handlerErrorCodes.RETRY_LATER, cause })
  }
}

/**
 * For handlers to throw when no attempt can succeed: the message is dead-lettered at once. Its message is the reason, and
 * is kept in a header of the dead letter (at most 1,000 characters): put no personal data into it.
 */
export class RejectMessage extends EventtrailError<'REJECTED'> {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'REJECTED', ...handlerErrorCodes.REJECTED, cause })
  }
}
