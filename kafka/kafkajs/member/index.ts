/** A member of a consumer group that stays alive whatever ends kafkajs's consumer. */

export { GroupConsumer } from './consumer.ts'
export {
  type FetchLimits,
  type GroupConsumerOptions,
  leastSessionTimeoutMs,
  type RebuildCause
} from './consumer-options.ts'
export type { BatchControl, PassedOffsets, RecordBatch } from './record-batch.ts'
export type { TopicLook } from './topic-watch.ts'
export { Vitals } from './vitals.ts'
