import { describe, expect, test } from 'vitest'
import { createMailer, mailFault } from '../../../consumers/notifier/mailer.ts'

describe('mailFault', () => {
  test.each([
    ['a recipient that does not exist', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }, 'MAIL_REFUSED'],
    ['a message that is refused', { code: 'EMESSAGE', command: 'DATA', responseCode: 554 }, 'MAIL_REFUSED'],
    ['a full mailbox', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 452 }, 'MAIL_SERVER'],
    ['a server that is busy', { code: 'EMESSAGE', command: 'DATA', responseCode: 421 }, 'MAIL_SERVER'],
    ['a sender that may not send', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550 }, 'MAIL_SERVER'],
    ['a wrong password', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, 'MAIL_SERVER'],
    ['no connection', { code: 'ESOCKET', command: 'CONN' }, 'MAIL_SERVER'],
    ['anything else', {}, 'MAIL_SERVER']
  ])('%s', (_, facts, code) => {
    const fault = mailFault(Object.assign(new Error('550 ada@example.org is unknown here'), facts))
    expect(fault.code).toBe(code)
    expect(fault.retryable).toBe(code === 'MAIL_SERVER')
    expect(fault.message).not.toContain('ada')
    expect(fault.cause).toBeUndefined()
  })
})

test('a URL that is not SMTP is refused at once', () => {
  expect(() => createMailer({ url: 'http://localhost', from: 'a@b' })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' })
  )
})
