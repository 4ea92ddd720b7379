/** Publishing and subscribing within one process, with the same `publish` as on Kafka. */

export type {
  Bus,
  BusItem,
  BusOptions,
  EventStore,
  StoredEvent,
  SubscribeOptions,
  SubscriberStats,
  Subscription
} from '../producers/bus/index.ts'
export {
  BusError,
  type BusErrorCode,
  type BusErrorFacts,
  createBus,
  type MemoryStore,
  memoryStore
} from '../producers/bus/index.ts'
export { aggregateIdOf } from '../producers/index.ts'
