/** Mails: what they say, and the server that takes them. */
export { addressShape } from './address.ts'
export { createMailer, type Mail, type Mailer, type MailerOptions, type SmtpMailer } from './mailer.ts'
export {
  type AnyMailRule,
  escapeHtml,
  type MailContent,
  type MailRule,
  type Mails,
  mailOf,
  plainMail
} from './templates.ts'
export { cut, mailValue, oneLine } from './values.ts'
