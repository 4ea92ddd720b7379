/**
 * Consumer groups with typed handlers, and the two that stand on them. Loads no driver: what needs pg or nodemailer
 * is in indexer/ and notifier/.
 */
export { type DeadLetterFacts, deadLetterHeaders } from '../consumers/dead-letters/dead-letter.ts'
export { ConsumerError, type ConsumerErrorCode, RejectMessage, RetryLater } from '../consumers/errors.ts'
export { createConsumerGroup } from '../consumers/group.ts'
export { createIndexer, type IndexerOptions } from '../consumers/indexer/indexer.ts'
export type { LessonDocument, SearchIndex } from '../consumers/indexer/search-index.ts'
export type { Mail, Mailer } from '../consumers/notifier/mailer.ts'
export { createNotifier, type NotifierOptions } from '../consumers/notifier/notifier.ts'
export type { Recipient, RecipientDirectory } from '../consumers/notifier/recipients.ts'
export type { SentLog } from '../consumers/notifier/sent-log.ts'
export type { ConsumerGroupOptions, RetryPolicy } from '../consumers/options.ts'
export type { ConsumerGroup, GroupState, GroupStats, Handler, Handlers, MessageContext } from '../consumers/types.ts'
