import { EventtrailError } from '../../core/index.ts'

/**
 * - `RECIPIENT_UNKNOWN`: the directory has nobody of that id.
 * - `RECIPIENT_INVALID`: what the directory has is no e-mail address.
 * - `MAIL_REFUSED`: the mail server refuses this recipient or this message for good (5xx).
 * - `MAIL_SERVER`: the mail server is away, busy or does not let us in. Retryable.
 */
export type NotifierErrorCode = 'RECIPIENT_UNKNOWN' | 'RECIPIENT_INVALID' | 'MAIL_REFUSED' | 'MAIL_SERVER'

/** The name of what lay beneath, such as ECONNREFUSED or EAUTH, without the words of the server or the network. */
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
    super(message, { code, retryable: code === 'MAIL_SERVER', cause })
  }
}
