/**
 * Consumer groups with typed handlers, and the two that stand on them. Loads no driver: what needs pg or nodemailer
 * is in indexer/ and notifier/.
 */

export type { ConnectionOptions, KafkaConnection, PostgresConnection, RegistryConnection } from '../connection/index.ts'
export { type Connection, createConnection } from '../connection/index.ts'
export type {
  ConsumerGroup,
  ConsumerGroupOptions,
  GroupState,
  GroupStats,
  Handler,
  Handlers,
  MessageContext,
  RetryPolicy
} from '../consumers/index.ts'
export {
  ConsumerError,
  type ConsumerErrorCode,
  createConsumerGroup,
  type DeadLetterFacts,
  deadLetterHeaders,
  groupMetrics,
  RejectMessage,
  RetryLater
} from '../consumers/index.ts'
export type { DocumentOf, Documents, IndexedDocument, SearchDocument, SearchIndex } from '../consumers/indexer/index.ts'
export { createIndexer, type IndexerOptions } from '../consumers/indexer/index.ts'
export type {
  Mail,
  Mailer,
  MailRule,
  Mails,
  Recipient,
  RecipientDirectory,
  SentLog
} from '../consumers/notifier/index.ts'
export { createNotifier, type NotifierOptions } from '../consumers/notifier/index.ts'
export { OptionsError } from '../core/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export { RegistryError, type RegistryErrorCode, SchemaError, type SchemaErrorCode } from '../schemas/index.ts'
