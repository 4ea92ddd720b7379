/** The consumer group that mails students about badges and marked quizzes. */
export { NotifierError, type NotifierErrorCode } from '../consumers/notifier/errors.ts'
export { createMailer, type Mail, type Mailer, type MailerOptions, type SmtpMailer } from '../consumers/notifier/mailer.ts'
export { notifierMigrations } from '../consumers/notifier/migrations.ts'
export { createNotifier, messageIdOf, type NotifierOptions } from '../consumers/notifier/notifier.ts'
export { postgresDirectory, type Recipient, type RecipientDirectory } from '../consumers/notifier/recipients.ts'
export { postgresSentLog, type SentLog } from '../consumers/notifier/sent-log.ts'
export type { MailContent } from '../consumers/notifier/templates.ts'
