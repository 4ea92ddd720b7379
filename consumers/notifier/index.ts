/** The notifier: a consumer group that queues mails and webhooks about events, and a part that sends them. */
export {
  createDeliverer,
  type Deliverer,
  type DelivererOptions,
  secretBox,
  type WebhookDelivery
} from './deliverer.ts'
export {
  type DelivererStats,
  type Deliveries,
  type DeliveryFilter,
  type DeliveryRow,
  deliveriesOn,
  listDeliveries,
  messageIdOf,
  outcomeOf,
  type PostgresDeliveries,
  postgresDeliveries,
  type Retried,
  retryDeliveries
} from './deliveries/index.ts'
export { NotifierError, type NotifierErrorCode, notifierErrorCodes } from './errors.ts'
export {
  createMailer,
  cut,
  escapeHtml,
  type Mail,
  type MailContent,
  type Mailer,
  type MailerOptions,
  type MailRule,
  type Mails,
  mailOf,
  mailValue,
  oneLine,
  type SmtpMailer
} from './mail/index.ts'
export { type NotifierMetrics, notifierMetrics } from './metrics.ts'
export { notifierMigrations, notifierTables } from './migrations.ts'
export { createNotifier, type NotifierOptions } from './notifier.ts'
export {
  directoryOn,
  type PostgresDirectory,
  postgresDirectory,
  type Recipient,
  type RecipientDirectory
} from './recipients.ts'
export {
  addSubscription,
  type Channel,
  conditionOf,
  enableSubscription,
  isRecipient,
  listSubscriptions,
  mailsSubscription,
  type NewSubscription,
  removeSubscription,
  rotateSecret,
  type Subscription,
  signingKeys,
  subscriptionNamed
} from './subscriptions/index.ts'
export {
  signedHeaders,
  type TargetRules,
  targetCheck,
  type WebhookOptions,
  WebhookSender
} from './webhooks/index.ts'
