import {
  ConfigError,
  checkOptions,
  checkSmtpUrl,
  type FileOrText,
  isLoopback,
  OptionsError,
  type Rules,
  rule,
  SecretUnreadable,
  startTlsModes,
  textOf
} from '../../../core/index.ts'
import { Reach } from '../../../observability/index.ts'
import type { Recipient } from '../recipients.ts'
import { mailboxOf } from './address.ts'
import { mailFault } from './mail-fault.ts'
import type { MailContent } from './templates.ts'
import { cut, oneLine } from './values.ts'

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
  /**
   * In place of a password in `url`, which then has the user name alone. A file is read again for each new connection, so
   * that the password can be rotated. Default: that of `url`.
   */
  readonly password?: FileOrText
  /** Sender: `Name <address>` or an address. A name may have any letters, also `:` and `(…)`. */
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

/** Letters of a recipient's name that are sent. */
const mostNameLetters = 100

// A conversation without a mail, with a login where there is one: not more often than a server takes kindly.
const probes = { freshMs: 15_000, retryMs: 5_000, timeoutMs: 10_000 }

/** What to do about STARTTLS. */
type StartTls = (typeof startTlsModes)[number]

/** A password is sent in the clear to no other machine, unless that is asked for. */
export const defaultStartTls = (url: string, hasPassword = new URL(url).password !== ''): StartTls =>
  hasPassword && !isLoopback(new URL(url).hostname) ? 'required' : 'opportunistic'

const rules: Rules<MailerOptions> = {
  url: rule.required(rule.address(checkSmtpUrl)),
  from: rule.required(rule.such(value => typeof value === 'string', 'an address, or Name <address>')),
  connections: rule.wholeNumber(1),
  password: rule.fileOrText,
  startTls: rule.oneOf(...startTlsModes),
  ca: rule.pem()
}

/**
 * SMTP by nodemailer, which has to be installed next to eventtrail. Opens connections when they are needed.
 * @throws OptionsError; ConfigError `CONFIG_MISSING` where nodemailer is not installed
 */
export async function createMailer(options: MailerOptions): Promise<SmtpMailer> {
  checkOptions(options, rules)
  const { url, connections = 4, ca } = options
  const from = mailboxOf(options.from)
  if (from === undefined) throw new OptionsError('from', 'an address, or Name <address>')
  const { hostname, port, protocol } = new URL(url)
  const auth = loginOf(options)
  const startTls = options.startTls ?? defaultStartTls(url, auth !== undefined)
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
    ...(auth && { auth: { user: auth.user, pass: auth.password() } }),
    maxConnections: connections,
    // A message whose connection breaks may be there or not: that decision is the notifier's.
    maxRequeues: 0,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true
  })
  if (auth) readPassword(transport, auth.password)
  // A broken idle connection; the next mail will show it.
  transport.on('error', () => undefined)
  const reach = new Reach({ name: 'the mail server', probe: () => transport.verify(), ...probes })
  return {
    reach,
    async send({ to, messageId, subject, text, html }, signal) {
      const recipient = { address: to.address, name: cut(oneLine(to.name ?? ''), mostNameLetters) }
      try {
        await transport.sendMail({ from, to: recipient, messageId, subject, text, html, ...(signal && { signal }) })
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

interface Login {
  readonly user: string
  readonly password: () => string
}

/** @throws OptionsError */
function loginOf({ url, password }: MailerOptions): Login | undefined {
  const { username, password: inUrl } = new URL(url)
  const user = decodeURIComponent(username)
  if (password === undefined) return user === '' ? undefined : { user, password: () => decodeURIComponent(inUrl) }
  if (inUrl !== '') throw new OptionsError('password', 'left out where `url` has one')
  if (user === '') throw new OptionsError('password', 'given with a user name in `url`, such as smtp://user@host')
  let last = firstOf(password)
  return {
    user,
    password() {
      try {
        last = textOf(password)
      } catch {
        // In the middle of a replacement. The last one is tried: a server that wants another says so.
      }
      return last
    }
  }
}

/** @throws OptionsError */
function firstOf(password: FileOrText): string {
  try {
    return textOf(password)
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error
    throw new OptionsError('password', error.message)
  }
}

/** nodemailer copies its options once; of the copy it reads the password at each new connection. */
function readPassword(transport: object, password: () => string): void {
  const { transporter } = transport as { readonly transporter: { readonly options: { readonly auth: object } } }
  Object.defineProperty(transporter.options.auth, 'pass', { get: password, enumerable: true })
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
