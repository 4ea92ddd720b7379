/** The producer SDK: publishing typed events to Kafka. */
export { aggregateIdOf } from './aggregate-id.ts'
export {
  type Outcome,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts,
  publishAllErrorCodes,
  publishErrorCodes
} from './errors.ts'
export { timeOfId } from './ids.ts'
export { producerMetrics } from './metrics.ts'
export type { BatchOptions, BufferOptions, ProducerOptions } from './options.ts'
export { createProducer, type Producer } from './producer.ts'
export type { EventToPublish, KafkaReceipt, Publisher, PublisherStats, PublishOptions, Receipt } from './types.ts'
