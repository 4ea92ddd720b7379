/** The in-process bus: the same publisher without Kafka. */
export { createBus } from './bus.ts'
export { BusError } from './errors.ts'
export { type MemoryStore, memoryStore } from './memory-store.ts'
export {
  aggregateIdOf,
  type Outcome,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts,
  type PublisherStats
} from './publishing.ts'
export type {
  Bus,
  BusItem,
  BusOptions,
  EventStore,
  StoredEvent,
  SubscribeOptions,
  SubscriberStats,
  Subscription
} from './types.ts'
