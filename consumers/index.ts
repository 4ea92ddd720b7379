/**
 * Consumer groups with typed handlers, and the two that stand on them. Loads no driver: what needs pg or nodemailer
 * is in indexer/ and notifier/.
 */
export { type DeadLetterFacts, deadLetterHeaders } from './dead-letters/dead-letter.ts'
export { ConsumerError, type ConsumerErrorCode, RejectMessage, RetryLater } from './errors.ts'
export { createConsumerGroup } from './group.ts'
export { createIndexer, type IndexerOptions } from './indexer/indexer.ts'
export type { LessonDocument, SearchIndex } from './indexer/search-index.ts'
export type { Mail, Mailer } from './notifier/mailer.ts'
export { createNotifier, type NotifierOptions } from './notifier/notifier.ts'
export type { Recipient, RecipientDirectory } from './notifier/recipients.ts'
export type { SentLog } from './notifier/sent-log.ts'
export type { ConsumerGroupOptions, RetryPolicy } from './options.ts'
export type { ConsumerGroup, GroupState, GroupStats, Handler, Handlers, MessageContext } from './types.ts'
