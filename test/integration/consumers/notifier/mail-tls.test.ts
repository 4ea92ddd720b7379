import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createMailer, type MailerOptions } from '../../../../consumers/notifier/mail/mailer.ts'
import { describeError } from '../../../../core/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-mail-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A certificate for `localhost` that is its own CA. */
function selfSigned(
  name: string,
  subject = 'DNS:localhost',
  days = '2'
): { readonly key: string; readonly cert: string } {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', days],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`]
    ],
    { cwd: folder, stdio: 'ignore' }
  )
  return {
    key: readFileSync(join(folder, `${name}.key`), 'utf8'),
    cert: readFileSync(join(folder, `${name}.pem`), 'utf8')
  }
}

const { key, cert } = selfSigned('right')
const wrongName = selfSigned('wrong-name', 'DNS:mail.example.org')

interface Seen {
  /** Whether each mail came over TLS. */
  readonly mails: boolean[]
  /** Logins, and whether each came over TLS. */
  readonly logins: boolean[]
}

/** A mail server on a free port, until the test ends. */
async function mailServer(options: SMTPServerOptions): Promise<Seen & { readonly host: string }> {
  const seen: Seen = { mails: [], logins: [] }
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    onAuth({ username }, { secure }, done) {
      seen.logins.push(secure)
      done(null, { user: username })
    },
    onData(stream, { secure }, done) {
      stream.resume().on('end', () => {
        seen.mails.push(secure)
        done()
      })
    },
    ...options
  })
  // A client that does not trust the certificate ends the handshake.
  server.on('error', () => undefined)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>(resolve => server.close(() => resolve())))
  return { ...seen, host: `localhost:${(server.server.address() as AddressInfo).port}` }
}

/** What came of one mail: `sent`, or why not. */
async function sent(options: Pick<MailerOptions, 'url' | 'startTls' | 'ca'>): Promise<string> {
  const mailer = await createMailer({ ...options, from: 'a@example.org' })
  try {
    const content = { subject: 's', text: 't', html: 'h' }
    await mailer.send({ to: { address: 'b@example.org' }, messageId: '<1@b>', ...content })
    return 'sent'
  } catch (error) {
    return describeError(error)
  } finally {
    mailer.close()
  }
}

test('STARTTLS with a private CA: login and mail are encrypted', async () => {
  const server = await mailServer({ key, cert })
  expect(await sent({ url: `smtp://u:p@${server.host}`, startTls: 'required', ca: cert })).toBe('sent')
  expect(server).toMatchObject({ mails: [true], logins: [true] })
})

test('where STARTTLS is required and not offered, neither password nor mail goes out', async () => {
  const server = await mailServer({ disabledCommands: ['STARTTLS'] })
  const failed = await sent({ url: `smtp://u:p@${server.host}`, startTls: 'required', ca: cert })
  expect(failed).toMatch(/does not offer STARTTLS.*SMTP_STARTTLS/)
  expect(server).toMatchObject({ mails: [], logins: [] })
  // What is asked for is done: without it, and where the server may choose.
  expect(await sent({ url: `smtp://u:p@${server.host}`, startTls: 'opportunistic' })).toBe('sent')
  expect(server).toMatchObject({ mails: [false], logins: [false] })
})

test('never means plain, also where the server offers STARTTLS', async () => {
  const server = await mailServer({ key, cert })
  expect(await sent({ url: `smtp://u:p@${server.host}`, startTls: 'never' })).toBe('sent')
  expect(server).toMatchObject({ mails: [false], logins: [false] })
})

test.each([
  ['a CA that is not known', { key, cert }, undefined, /no CA .*SMTP_CA_LOCATION/],
  ['another name', wrongName, wrongName.cert, /another name/]
])('%s is named, and nothing is sent', async (_, certificate, ca, words) => {
  const server = await mailServer(certificate)
  const failed = await sent({ url: `smtp://u:p@${server.host}`, startTls: 'required', ...(ca && { ca }) })
  expect(failed).toMatch(words)
  expect(server).toMatchObject({ mails: [], logins: [] })
})

test('smtps is TLS from the start, and says so where the server is not', async () => {
  const server = await mailServer({ key, cert, secure: true })
  expect(await sent({ url: `smtps://u:p@${server.host}`, ca: cert })).toBe('sent')
  expect(server).toMatchObject({ mails: [true], logins: [true] })
  const plain = await mailServer({ key, cert })
  expect(await sent({ url: `smtps://u:p@${plain.host}`, ca: cert })).toMatch(/does not speak TLS there: smtp:\/\//)
})
