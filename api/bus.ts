/** Publishing and subscribing within one process, with the same `publish` as on Kafka. */
export { aggregateIdOf } from '../producers/aggregate-id.ts'
export { createBus } from '../producers/bus/bus.ts'
export { BusError, type BusErrorCode, type BusErrorFacts } from '../producers/bus/errors.ts'
export { type MemoryStore, memoryStore } from '../producers/bus/memory-store.ts'
export type {
  Bus,
  BusItem,
  BusOptions,
  EventStore,
  StoredEvent,
  SubscribeOptions,
  SubscriberStats,
  Subscription
} from '../producers/bus/types.ts'
