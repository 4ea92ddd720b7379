/** A member of a consumer group that stays alive whatever ends kafkajs's consumer. */
export { type FetchLimits, type GroupConsumerOptions, type RebuildCause, leastSessionTimeoutMs } from './consumer-options.ts'
export { GroupConsumer } from './consumer.ts'
export type { BatchControl, PassedOffsets, RecordBatch } from './record-batch.ts'
export type { TopicLook } from './topic-watch.ts'
export { Vitals } from './vitals.ts'
