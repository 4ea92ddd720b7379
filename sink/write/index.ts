/** Writing: queues, batches, one transaction for each. */
export type { BatcherLimits } from './batcher.ts'
export { OffsetHints } from './offset-hints.ts'
export type { WatchOptions } from './session-watch.ts'
export type { Batch, WriteResult } from './types.ts'
export { WriteQueue } from './write-queue.ts'
export { WriteQueues } from './write-queues.ts'
