/** The notifier: a consumer group that sends a mail for each event. */
export { NotifierError, type NotifierErrorCode, notifierErrorCodes } from './errors.ts'
export { createMailer, type Mail, type Mailer, type MailerOptions, type SmtpMailer } from './mailer.ts'
export { notifierMetrics } from './metrics.ts'
export { notifierMigrations, notifierTables } from './migrations.ts'
export { createNotifier, messageIdOf, type NotifierOptions } from './notifier.ts'
export {
  directoryOn,
  type PostgresDirectory,
  postgresDirectory,
  type Recipient,
  type RecipientDirectory
} from './recipients.ts'
export { type PostgresSentLog, postgresSentLog, type SentLog, sentLogOn } from './sent-log.ts'
export { type MailContent, type MailRule, type Mails, mailOf } from './templates.ts'
