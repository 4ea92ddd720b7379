import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, test } from 'vitest'
import { createMailer } from '../../../../consumers/notifier/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-mail-'))
afterAll(() => rmSync(folder, { recursive: true }))

const passwords: string[] = []
const mails: string[] = []
const server = new SMTPServer({
  logger: false,
  disabledCommands: ['STARTTLS'],
  allowInsecureAuth: true,
  onAuth({ username, password }, _session, done) {
    passwords.push(password ?? '')
    if (password === 'second') return done(null, { user: username ?? '' })
    done(Object.assign(new Error('no'), { responseCode: 535 }))
  },
  onData(stream, _session, done) {
    const chunks: Buffer[] = []
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('end', () => {
      mails.push(Buffer.concat(chunks).toString())
      done()
    })
  }
})
server.on('error', () => undefined)
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>(resolve => server.close(() => resolve())))
const { port } = server.server.address() as AddressInfo

test('a password in a file is read again for each new connection', async () => {
  const file = join(folder, 'password')
  writeFileSync(file, 'first\n')
  const url = `smtp://eventtrail@127.0.0.1:${port}`
  const mailer = await createMailer({ url, password: { file }, from: 'School: news (north) <school@example.org>' })
  const to = { address: 'ada@example.org', name: 'Ada: Countess (of Lovelace)' }
  const mail = { to, messageId: '<1@eventtrail>', subject: 's', text: 't', html: 'h' }
  const refused = await mailer.send(mail).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'MAIL_UNAVAILABLE', cause: { code: 'EAUTH' } })

  writeFileSync(file, 'second\n')
  await mailer.send(mail)
  // A file that is gone for a moment leaves the password as it was.
  rmSync(file)
  await mailer.send(mail)
  mailer.close()
  expect(passwords.slice(0, 2)).toEqual(['first', 'second'])
  expect(mails).toHaveLength(2)

  // Names that a parser of addresses would take for a group or a comment.
  expect(mails[0]).toContain('From: "School: news (north)" <school@example.org>')
  expect(mails[0]).toContain('To: "Ada: Countess (of Lovelace)" <ada@example.org>')
})
