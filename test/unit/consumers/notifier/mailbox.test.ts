import { expect, test } from 'vitest'
import { mailboxOf } from '../../../../consumers/notifier/mail/address.ts'

test.each([
  ['school@example.org', { name: '', address: 'school@example.org' }],
  ['<school@example.org>', { name: '', address: 'school@example.org' }],
  ['School <school@example.org>', { name: 'School', address: 'school@example.org' }],
  ['School: news <school@example.org>', { name: 'School: news', address: 'school@example.org' }],
  ['School (north) <school@example.org>', { name: 'School (north)', address: 'school@example.org' }],
  ['"School, \\"north\\"" <school@example.org>', { name: 'School, "north"', address: 'school@example.org' }]
])('%s is read as it is written', (text, mailbox) => {
  expect(mailboxOf(text)).toEqual(mailbox)
})

test.each([
  '',
  'School',
  'School <none>',
  'a@b, c@d',
  'Group: a@b;',
  'a@b\r\nBcc: c@d',
  'x <a@b> <c@d>'
])('%j is none', text => {
  expect(mailboxOf(text)).toBeUndefined()
})
