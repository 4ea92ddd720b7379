import { getSystemErrorName } from 'node:util'
import { NotifierError, PeerFault } from '../errors.ts'

/**
 * What a failed delivery means: a 5xx to the recipient or to the content is final, and a 4xx is about this message too,
 * but for 421, which ends the conversation. Anything else, also a 5xx to us (connection, login, sender), says nothing
 * about the message.
 */
export function mailFault(thrown: unknown): NotifierError {
  const { code, command, responseCode, errno } = thrown as {
    code?: string
    command?: string
    responseCode?: number
    errno?: number
  }
  const aboutTheMail = (code === 'EENVELOPE' && command === 'RCPT TO') || code === 'EMESSAGE'
  if (aboutTheMail && responseCode !== undefined && responseCode >= 500)
    return new NotifierError('MAIL_REFUSED', `The mail server refused the recipient or the message (${responseCode})`)
  if (aboutTheMail && responseCode !== undefined && responseCode !== 421)
    return new NotifierError('MAIL_DEFERRED', `The mail server does not take the message now (${responseCode})`)
  // nodemailer puts a code of its own (ESOCKET) in the place of the network's, and keeps its number.
  const name = (typeof errno === 'number' && errno < 0 ? getSystemErrorName(errno) : undefined) ?? code
  const what = responseCode ?? name ?? 'no answer'
  const message = `The mail server did not take a message (${what}): ${adviceOf(thrown)}`
  return new NotifierError('MAIL_UNAVAILABLE', message, name === undefined ? undefined : new PeerFault(name))
}

/** What OpenSSL and nodemailer say of TLS, and what to do about it. Of their words nothing is repeated. */
const tlsFaults: readonly (readonly [RegExp, string])[] = [
  [
    /upgrading connection with STARTTLS/,
    'it does not offer STARTTLS, which is required: SMTP_STARTTLS says when it is'
  ],
  [/certificate has expired|certificate is not yet valid/, 'its certificate is not valid at this time'],
  [/altnames|does not match certificate/, 'its certificate is for another name than the one in SMTP_URL'],
  [
    /self.signed|unable to (?:verify|get)/,
    'its certificate is of no CA that is known here: SMTP_CA_LOCATION names one'
  ],
  [
    /wrong version number|packet length too long/,
    'it does not speak TLS there: smtp:// in SMTP_URL, in place of smtps://'
  ]
]

function adviceOf(thrown: unknown): string {
  const said = thrown instanceof Error ? thrown.message : ''
  return tlsFaults.find(([words]) => words.test(said))?.[1] ?? 'check SMTP_URL'
}
