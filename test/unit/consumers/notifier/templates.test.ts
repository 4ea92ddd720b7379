import { expect, test } from 'vitest'
import { escapeHtml, mailOf } from '../../../../consumers/notifier/mail/templates.ts'

test('both forms of a mail come from the same paragraphs', () => {
  expect(mailOf('Your order was sent', ['Dear Ada,', 'Two books & <b>more</b>'])).toEqual({
    subject: 'Your order was sent',
    text: 'Dear Ada,\n\nTwo books & <b>more</b>\n',
    html: '<p>Dear Ada,</p>\n<p>Two books &amp; &lt;b&gt;more&lt;/b&gt;</p>'
  })
})

test('nothing in a subject or a paragraph can begin a line of its own', () => {
  const mail = mailOf('Hello\r\nBcc: all@example.org', ['Dear Ada\r\nBcc: all@example.org,'])
  expect(mail.subject).toBe('Hello Bcc: all@example.org')
  expect(mail.text).toBe('Dear Ada Bcc: all@example.org,\n')
})

test('HTML is escaped', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;')
})
