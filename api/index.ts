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
export { ConfigError, EventtrailError, type SafeError, safeError } from '../core/errors.ts'
export type { Handle } from '../core/lifecycle.ts'
export type { Logger } from '../core/logger.ts'
export type { Health } from '../observability/health.ts'
export type { Meter } from '../observability/meter.ts'
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
export { catalogue, type Envelope, type EventMap, type Events, loadCatalogue } from '../schemas/index.ts'
export { createSink, PostgresEventStore, type Sink, type SinkOptions } from '../sink/index.ts'
