import { type ErrorCodes, EventtrailError } from '../../core/index.ts'

export const notifierErrorCodes = {
  RECIPIENT_UNKNOWN: { meaning: 'The directory has no recipient of that id. The event is dead-lettered.' },
  RECIPIENT_INVALID: {
    meaning: 'What the directory has for a recipient is no e-mail address. The event is dead-lettered.'
  },
  MAIL_REFUSED: {
    meaning: 'The mail server refuses this recipient or this message for good (5xx). The event is dead-lettered.'
  },
  MAIL_UNAVAILABLE: {
    retryable: true,
    meaning: 'The mail server is unreachable, busy or refuses the login. Check SMTP_URL.'
  }
} as const satisfies ErrorCodes
export type NotifierErrorCode = keyof typeof notifierErrorCodes

/** The name of the cause, such as ECONNREFUSED or EAUTH, without the words of the server or the network. */
export class MailServerFault extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.name = 'MailServerFault'
    this.code = code
  }
}

/** A notification was not sent. Its cause is a name at most: what mail servers say quotes addresses. */
export class NotifierError extends EventtrailError<NotifierErrorCode> {
  constructor(code: NotifierErrorCode, message: string, cause?: MailServerFault) {
    super(message, { code, ...notifierErrorCodes[code], cause })
  }
}
