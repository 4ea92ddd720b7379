/** The consumer group that sends mails about events. */

export type { MailContent, MailRule, Mails } from '../consumers/notifier/index.ts'
export {
  createMailer,
  createNotifier,
  type Mail,
  type Mailer,
  type MailerOptions,
  mailOf,
  messageIdOf,
  NotifierError,
  type NotifierErrorCode,
  type NotifierOptions,
  notifierMetrics,
  notifierMigrations,
  type PostgresDirectory,
  type PostgresSentLog,
  postgresDirectory,
  postgresSentLog,
  type Recipient,
  type RecipientDirectory,
  type SentLog,
  type SmtpMailer
} from '../consumers/notifier/index.ts'
export { OptionsError } from '../core/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export { MigrationError, type MigrationErrorCode, PostgresError, type PostgresErrorCode } from '../postgres/index.ts'
