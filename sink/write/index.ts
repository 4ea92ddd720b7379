/** Writing: queues, batches, one transaction for each. */
export { Hints } from './offset-hints.ts'
export type { Batch, WriteResult } from './types.ts'
export { Lane } from './write-queue.ts'
export { Lanes, type LanesOptions } from './write-queues.ts'
