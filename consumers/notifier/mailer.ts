import { getSystemErrorName } from 'node:util'
import {
  ConfigError,
  checkOptions,
  checkSmtpUrl,
  type FileOrText,
  isLoopback,
  OptionsError,
  type Rules,
  rule,
  startTlsModes,
  textOf
} from '../../core/index.ts'
import { Reach } from '../../observability/index.ts'
import { MailServerFault, NotifierError } from './errors.ts'
import { addressShape, type Recipient } from './recipients.ts'
import type { MailContent } from './templates.ts'

/** A mail that is ready to go. */
export interface Mail extends MailContent {
  readonly to: Recipient
  /** With its angle brackets. The same for every attempt to send the same notification. */
  readonly messageId: string
}

/** Hands mails over to a mail server. */
export interface Mailer {
  /** Resolves when the server has taken it. @throws NotifierError `MAIL_REFUSED`, `MAIL_UNAVAILABLE` */
  send(mail: Mail, signal?: AbortSignal): Promise<void>
  close(): void
}

export interface MailerOptions {
  /** `smtp://host:port`, `smtps://user:password@host`. */
  readonly url: string
  /** Sender: `Name <address>` or an address. */
  readonly from: string
  /** Connections to the server. Default 4. */
  readonly connections?: number
  /**
   * Whether `smtp://` becomes TLS before anything is sent (STARTTLS): `required`; `opportunistic`, where the server offers
   * it, which someone between can prevent; `never`. Default: `required` where the URL has a password and the server is not
   * on this machine, else `opportunistic`. With `smtps://` there is TLS from the start.
   */
  readonly startTls?: StartTls
  /** Certificates of the CA that the server's must be of, as PEM; a file is read once. Default: those that Node.js trusts. */
  readonly ca?: FileOrText
}

/** One that hands mails to a server by SMTP. */
export interface SmtpMailer extends Mailer {
  /** Whether the server can be reached and lets us in, for `/readyz`. */
  readonly reach: Reach
}

// A conversation without a mail, with a login where there is one: not more often than a server takes kindly.
const probes = { freshMs: 15_000, retryMs: 5_000, timeoutMs: 10_000 }

/** What to do about STARTTLS. */
type StartTls = (typeof startTlsModes)[number]

/** A password is sent in the clear to no other machine, unless that is asked for. */
export const defaultStartTls = (url: string): StartTls => {
  const { hostname, password } = new URL(url)
  return password !== '' && !isLoopback(hostname) ? 'required' : 'opportunistic'
}

const rules: Rules<MailerOptions> = {
  url: rule.required(rule.address(checkSmtpUrl)),
  from: rule.required(rule.such(value => typeof value === 'string', 'an address, or Name <address>')),
  connections: rule.wholeNumber(1),
  startTls: rule.oneOf(...startTlsModes),
  ca: rule.pem()
}

/**
 * SMTP by nodemailer, which has to be installed next to eventtrail. Opens connections when they are needed.
 * @throws OptionsError; ConfigError `CONFIG_MISSING` where nodemailer is not installed
 */
export async function createMailer(options: MailerOptions): Promise<SmtpMailer> {
  checkOptions(options, rules)
  const { url, from, connections = 4, ca } = options
  if (!addressShape.test(/^[^<>\r\n]*<([^<>]*)>$/.exec(from.trim())?.[1] ?? from.trim()))
    throw new OptionsError('from', 'an address, or Name <address>')
  const { hostname, port, protocol, username, password } = new URL(url)
  const startTls = options.startTls ?? defaultStartTls(url)
  if (protocol === 'smtps:' && options.startTls !== undefined && options.startTls !== 'required')
    throw new OptionsError('startTls', 'left out with smtps://, which is TLS from the start', options.startTls)
  const { createTransport } = await loadNodemailer()
  const transport = createTransport({
    pool: true,
    host: hostname.replace(/^\[|\]$/g, ''),
    secure: protocol === 'smtps:',
    requireTLS: protocol === 'smtp:' && startTls === 'required',
    ignoreTLS: startTls === 'never',
    ...(ca !== undefined && { tls: { ca: textOf(ca) } }),
    ...(port && { port: Number(port) }),
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    maxConnections: connections,
    // A message whose connection breaks may be there or not: that decision is the notifier's.
    maxRequeues: 0,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true
  })
  // A broken idle connection; the next mail will show it.
  transport.on('error', () => undefined)
  const reach = new Reach({ name: 'the mail server', probe: () => transport.verify(), ...probes })
  return {
    reach,
    async send({ to, messageId, subject, text, html }, signal) {
      const address = { address: to.address, name: to.name ?? '' }
      try {
        await transport.sendMail({ from, to: address, messageId, subject, text, html, ...(signal && { signal }) })
        reach.heard(true)
      } catch (error) {
        throw mailFault(error)
      }
    },
    close() {
      reach.close()
      transport.close()
    }
  }
}

async function loadNodemailer(): Promise<typeof import('nodemailer')> {
  try {
    return await import('nodemailer')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new ConfigError(
      'CONFIG_MISSING',
      'Mail is sent by nodemailer, which is not installed: run `npm install nodemailer`'
    )
  }
}

/**
 * What a failed delivery means: a 5xx to the recipient or to the content is final; anything else, also a 5xx
 * to us (connection, login, sender), says nothing about the message.
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
  // nodemailer puts a code of its own (ESOCKET) in the place of the network's, and keeps its number.
  const name = (typeof errno === 'number' && errno < 0 ? getSystemErrorName(errno) : undefined) ?? code
  const what = responseCode ?? name ?? 'no answer'
  const message = `The mail server did not take a message (${what}): ${adviceOf(thrown)}`
  return new NotifierError('MAIL_UNAVAILABLE', message, name === undefined ? undefined : new MailServerFault(name))
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
