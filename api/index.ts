/**
 * The parts that most programs start with, in one import. A service that has no database imports
 * `eventtrail/producer` instead, which loads no driver; each room has more under its own subpath.
 */

export {
  type ConsumerGroup,
  type ConsumerGroupOptions,
  createConsumerGroup,
  type Handlers,
  RejectMessage,
  RetryLater
} from '../consumers/index.ts'
export type { Handle, Logger } from '../core/index.ts'
export { ConfigError, EventtrailError, type SafeError, safeError } from '../core/index.ts'
export type { Health, Meter } from '../observability/index.ts'
export { type Bus, type BusOptions, createBus, type EventStore, memoryStore } from '../producers/bus/index.ts'
export {
  aggregateIdOf,
  createProducer,
  type Producer,
  type ProducerOptions,
  PublishError,
  type Publisher,
  type Receipt
} from '../producers/index.ts'
export { catalogue, type Events } from '../schemas/catalogue/index.ts'
export { type Envelope, type EventMap, loadCatalogue } from '../schemas/index.ts'
export { createSink, type Sink, type SinkOptions } from '../sink/index.ts'
export { PostgresEventStore } from '../trail/index.ts'
