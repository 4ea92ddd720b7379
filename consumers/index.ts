/** Consumer groups with typed handlers. */
export type { BreakerOptions } from './breaker-options.ts'
export {
  aggregateOf,
  type DeadLetterFacts,
  deadLetterHeaders,
  deadLetterTopicOf,
  endMarker,
  isDrained,
  type LeftOut,
  type LetterName,
  lastOfParked,
  mostRedrives,
  nameOfLetter,
  nothingLeftOut,
  type OpenLetter,
  type Origin,
  type ParkedRow,
  type PlannedLetter,
  parkedRow,
  parkedRowSupersedes,
  parkedTopicOf,
  planOf,
  type RedriveRow,
  redriveHeaders,
  redrivenRecord,
  redriveRow,
  redriveTopicOf
} from './dead-letters/index.ts'
export {
  ConsumerError,
  type ConsumerErrorCode,
  consumerErrorCodes,
  handlerErrorCodes,
  RejectMessage,
  RetryLater
} from './errors.ts'
export { createConsumerGroup } from './group.ts'
export {
  defaultKeepMs,
  InboxError,
  type InboxErrorCode,
  type InboxOptions,
  inboxErrorCodes,
  inboxMigrations,
  inboxSql,
  type Once,
  type OnceOfBatch,
  type OnceOptions,
  type OncePool,
  type OnceSession,
  type PruneOptions,
  pruneInbox
} from './inbox/index.ts'
export { groupMetrics } from './metrics.ts'
export type { ConsumerGroupOptions, RetryPolicy } from './options.ts'
export { consumerSettings, searchSettings } from './settings/index.ts'
export type {
  BatchContext,
  BatchHandler,
  ConsumerGroup,
  GroupStats,
  Handler,
  Handlers,
  MessageContext,
  MessageHandler,
  Middleware,
  PauseScope,
  SeekTarget,
  StartFrom
} from './types.ts'
