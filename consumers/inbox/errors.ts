import { type ErrorCodes, EventtrailError } from '../../core/index.ts'

export const inboxErrorCodes = {
  INBOX_MISSING: {
    retryable: true,
    misconfigured: true,
    meaning:
      'The table `eventtrail_inbox` is not in the database of the handler, or not in a schema that its session sees. Run `eventtrail migrate --only inbox`, or the SQL that `eventtrail inbox sql` prints. The events wait.'
  },
  INBOX_DENIED: {
    retryable: true,
    misconfigured: true,
    meaning:
      'The role of the handler has no right on the table `eventtrail_inbox`: it needs SELECT, INSERT and DELETE. The events wait.'
  },
  INBOX_UNAVAILABLE: {
    retryable: true,
    meaning:
      'A statement of `once` failed for a reason that is not in the event: the database is unreachable, or ended the transaction. The event is handled again.'
  },
  INBOX_CLIENT_UNFIT: {
    retryable: true,
    misconfigured: true,
    meaning:
      '`once` was given something that is neither a session, nor a pool of pg, nor in a transaction. The message says which.'
  },
  INBOX_NAME_TAKEN: {
    retryable: true,
    misconfigured: true,
    meaning: 'A handler called `once` twice for one event under the same name. Give each effect a name of its own.'
  },
  INBOX_EVENT_FAILED: {
    meaning:
      'A handler of batches marked an event by `fail` within the effect of `once`, so that nothing of the effect is stored. Mark events before: `once` leaves them out.'
  },
  INBOX_NO_EVENT: {
    meaning: '`onFailure` called `once` for a message that cannot be read, and so has no id.'
  },
  INBOX_ROLLED_BACK: {
    retryable: true,
    meaning:
      'A statement of the effect failed and its error was caught, so that Postgres rolled the transaction back. Let the error through.'
  }
} as const satisfies ErrorCodes
export type InboxErrorCode = keyof typeof inboxErrorCodes

/** An effect was not done by `context.once`: nothing of it is stored. */
export class InboxError extends EventtrailError<InboxErrorCode> {
  constructor(code: InboxErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...inboxErrorCodes[code], cause })
  }
}
