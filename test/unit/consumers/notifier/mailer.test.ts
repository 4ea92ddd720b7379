import { describe, expect, test } from 'vitest'
import { mailFault } from '../../../../consumers/notifier/mail/mail-fault.ts'
import { createMailer, defaultStartTls } from '../../../../consumers/notifier/mail/mailer.ts'
import { faultNames } from '../../../../consumers/pipeline/failures/faults.ts'
import { describeError } from '../../../../core/errors.ts'

describe('mailFault', () => {
  test.each([
    ['a recipient that does not exist', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }, 'MAIL_REFUSED'],
    ['a message that is refused', { code: 'EMESSAGE', command: 'DATA', responseCode: 554 }, 'MAIL_REFUSED'],
    ['a full mailbox', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 452 }, 'MAIL_DEFERRED'],
    ['a server that is busy', { code: 'EMESSAGE', command: 'DATA', responseCode: 421 }, 'MAIL_UNAVAILABLE'],
    ['a sender that may not send', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550 }, 'MAIL_UNAVAILABLE'],
    ['a wrong password', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, 'MAIL_UNAVAILABLE'],
    ['no connection', { code: 'ESOCKET', command: 'CONN' }, 'MAIL_UNAVAILABLE'],
    ['anything else', {}, 'MAIL_UNAVAILABLE']
  ])('%s', (_, facts, code) => {
    const fault = mailFault(Object.assign(new Error('550 ada@example.org is unknown here'), facts))
    expect(fault.code).toBe(code)
    expect(fault.retryable).toBe(code !== 'MAIL_REFUSED')
    expect(fault.message).not.toContain('ada')
    expect(faultNames(fault.cause ?? '')).not.toContain('ada')
  })
})

test('a server that refuses connections is named by its errno, and by nothing of where it is', async () => {
  const mailer = await createMailer({ url: 'smtp://user:secret@127.0.0.1:1', from: 'a@b' })
  const mail = { to: { address: 'ada@example.org' }, messageId: '<1@b>', subject: 's', text: 't', html: 'h' }
  const fault = await mailer.send(mail).catch((error: unknown) => error)
  mailer.close()
  expect(faultNames(fault)).toBe('MAIL_UNAVAILABLE, ECONNREFUSED')
  expect(describeError(fault)).toBe('The mail server did not take a message (ECONNREFUSED): check SMTP_URL')
})

test.each([
  'not an address',
  '',
  '<>',
  'Name <none>',
  'a@b, c@d',
  'a@b\r\nBcc: c@d'
])('a sender that is none is refused at once: %j', async from => {
  await expect(createMailer({ url: 'smtp://localhost', from })).rejects.toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option: 'from' })
  )
})

test.each([
  'a@b',
  'School <school@example.org>',
  '"School, north" <school@example.org>',
  '<a@b>'
])('a sender: %j', async from => {
  const mailer = await createMailer({ url: 'smtp://localhost', from })
  mailer.close()
})

test('a URL that is not SMTP is refused at once', async () => {
  await expect(createMailer({ url: 'http://localhost', from: 'a@b' })).rejects.toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option: 'url' })
  )
})

test.each([
  ['smtp://mail.example.org', 'opportunistic'],
  ['smtp://user:pw@localhost', 'opportunistic'],
  ['smtp://user:pw@[::1]:25', 'opportunistic'],
  ['smtp://user:pw@mail.example.org', 'required']
])('with %s, STARTTLS is %s unless it is said', (url, mode) => expect(defaultStartTls(url)).toBe(mode))

test.each([
  ['startTls', { startTls: 'sometimes' }],
  ['startTls', { url: 'smtps://localhost', startTls: 'never' }],
  ['ca', { ca: '/etc/ca.pem' }],
  ['password', { url: 'smtp://user:in-url@localhost', password: 'secret' }],
  ['password', { password: 'secret' }],
  ['password', { url: 'smtp://user@localhost', password: { file: '/no/such/file' } }]
])('a wrong %s is refused at once: %j', async (option, given) => {
  const mailer = createMailer({ url: 'smtp://localhost', from: 'a@b', ...given } as never)
  await expect(mailer).rejects.toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID', option }))
})

test.each([
  ['Error upgrading connection with STARTTLS', /does not offer STARTTLS.*SMTP_STARTTLS/],
  ['certificate has expired', /not valid at this time/],
  [
    "Hostname/IP does not match certificate's altnames: Host: mail.ada.org. is not in the cert's altnames",
    /another name/
  ],
  ['self-signed certificate in certificate chain', /no CA .*SMTP_CA_LOCATION/],
  ['unable to verify the first certificate', /SMTP_CA_LOCATION/],
  ['write EPROTO: wrong version number', /smtp:\/\//],
  ['something of ada', /check SMTP_URL$/]
])('a fault of TLS has words of its own: %s', (said, words) => {
  const fault = mailFault(Object.assign(new Error(said), { code: 'ESOCKET' }))
  expect(fault.message).toMatch(words)
  expect(fault.message).not.toContain('ada')
})
