import { type ErrorCodes, EventtrailError } from '../../core/index.ts'

export const notifierErrorCodes = {
  CLOSED: { meaning: 'The deliverer was drained or closed. Make a new one.' },
  RECIPIENT_UNKNOWN: {
    meaning:
      'The directory has no recipient of that id. Of an event with a mail of its own, the event is dead-lettered.'
  },
  RECIPIENT_INVALID: {
    meaning:
      'What the directory has for a recipient is no e-mail address. Of an event with a mail of its own, the event is dead-lettered.'
  },
  MAIL_REFUSED: {
    meaning: 'The mail server refuses this recipient or this message for good (5xx). The delivery has failed.'
  },
  MAIL_DEFERRED: {
    retryable: true,
    meaning: 'The mail server does not take this message now (4xx to the recipient or the content). It is tried again.'
  },
  MAIL_UNAVAILABLE: {
    retryable: true,
    meaning: 'The mail server is unreachable, busy or refuses the login. Check SMTP_URL.'
  },
  TARGET_REFUSED: {
    meaning:
      'The URL of an endpoint is not https, has a password, or leads to an address that is not public. WEBHOOK_ALLOWED_NETWORKS names inner networks that may be called.'
  },
  WEBHOOK_UNREACHABLE: {
    retryable: true,
    meaning: 'No connection to an endpoint. The cause has the name of the fault.'
  },
  WEBHOOK_TIMEOUT: { retryable: true, meaning: 'An endpoint did not answer in time (15 s).' },
  WEBHOOK_STATUS: {
    retryable: true,
    meaning: 'An endpoint answered with another status than 2xx. A redirect is no success, and is not followed.'
  },
  WEBHOOK_GONE: {
    meaning: 'An endpoint answered 410. It is switched off: `eventtrail subscriptions enable` switches it on.'
  },
  SECRET_UNREADABLE: {
    misconfigured: true,
    meaning:
      'The secret of an endpoint was encrypted with another key than those in WEBHOOK_KEY, or was changed in the database.'
  },
  CONTENT_MISSING: {
    meaning: 'What a delivery was to say is no longer in the database: it was delivered before, or the row was changed.'
  },
  ATTEMPTS_CUT_OFF: {
    meaning: 'A delivery was taken again and again, and the process ended each time before it had recorded an outcome.'
  },
  SUBSCRIPTION_UNKNOWN: {
    meaning: 'There is no subscription of that name. `eventtrail subscriptions list` shows them.'
  },
  SUBSCRIPTION_EXISTS: {
    meaning: 'There is a subscription of that name already. Choose another name, or remove that one.'
  },
  DELIVERY_UNKNOWN: { meaning: 'There is no delivery of that number that could be sent again.' }
} as const satisfies ErrorCodes
export type NotifierErrorCode = keyof typeof notifierErrorCodes

/** The name of the cause, such as ECONNREFUSED or EAUTH, without the words of the server or the network. */
export class PeerFault extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.name = 'PeerFault'
    this.code = code
  }
}

/** A notification was not sent. Its cause is a name at most: what mail servers and endpoints say quotes addresses. */
export class NotifierError extends EventtrailError<NotifierErrorCode> {
  constructor(code: NotifierErrorCode, message: string, cause?: PeerFault) {
    super(message, { code, ...notifierErrorCodes[code], cause })
  }
}
