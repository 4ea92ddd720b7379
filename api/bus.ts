/** Publishing and subscribing within one process, with the same `publish` as on Kafka. */

export { type DrainOptions, type LifecycleState, OptionsError } from '../core/index.ts'
export type { Health } from '../observability/index.ts'
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
  aggregateIdOf,
  BusError,
  createBus,
  type MemoryStore,
  memoryStore,
  type Outcome,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts,
  type PublisherStats
} from '../producers/bus/index.ts'
export { causedBy, currentContext, type EventContext, withContext } from '../schemas/index.ts'
