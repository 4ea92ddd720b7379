/** Publishing and subscribing within one process, with the same `publish` as on Kafka. */
export { aggregateIdOf } from '../aggregate-id.ts'
export { createBus } from './bus.ts'
export { BusError, type BusErrorCode, type BusErrorFacts } from './errors.ts'
export { type MemoryStore, memoryStore } from './memory-store.ts'
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
