import { machineClock } from '../../../core/clock.ts'
import { silentLogger } from '../../../core/logger.ts'
import type { Batch, WriteResult } from '../../../sink/write/types.ts'
import { WriteQueue, type WriteQueueOptions } from '../../../sink/write/write-queue.ts'

export const answer = (batch: Batch): WriteResult => ({
  rows: batch.rows,
  duplicates: 0,
  quarantined: 0,
  faults: new Map(),
  booked: [],
  stored: batch.chunks,
  fenced: [],
  statements: 0,
  refusals: 0
})

/** A queue that writes to a list; `write` may be replaced by one that waits or fails. */
export function queueOf(options: Partial<WriteQueueOptions> = {}) {
  const written: Batch[] = []
  const failures: Error[] = []
  const queue = new WriteQueue({
    limits: { maxRows: 10, maxBytes: 1_000_000, lingerMs: 1 },
    write: async batch => answer(batch),
    onWritten: batch => written.push(batch),
    onFailure: error => failures.push(error),
    log: silentLogger,
    ...options
  })
  return { queue, written, failures }
}

/** Waits for nothing. */
export const quickClock = { ...machineClock, after: (_: number, work: () => void) => machineClock.after(0, work) }
