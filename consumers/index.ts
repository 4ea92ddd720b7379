/** Consumer groups with typed handlers. */
export { type DeadLetterFacts, deadLetterHeaders, deadLetterTopicOf } from './dead-letters/index.ts'
export {
  ConsumerError,
  type ConsumerErrorCode,
  consumerErrorCodes,
  handlerErrorCodes,
  RejectMessage,
  RetryLater
} from './errors.ts'
export { createConsumerGroup } from './group.ts'
export { groupMetrics } from './metrics.ts'
export type { ConsumerGroupOptions, RetryPolicy } from './options.ts'
export { consumerSettings } from './settings.ts'
export type { ConsumerGroup, GroupStats, Handler, Handlers, MessageContext } from './types.ts'
