import type { LogEnds } from '../../kafka/index.ts'
import { type HaltReason, type PartitionLog, type StoredPosition, startPointOf } from '../positions/index.ts'

/**
 * The offsets that are in Kafka and not in the trail, those that wait for an open transaction too. Of a log that was
 * replaced or cut back it is all that it holds: the trail's position is one in another log and says nothing of this
 * one, whose records wait for an operator.
 * Offsets that retention took are in Kafka no more and do not count.
 */
export function lagOf(stored: StoredPosition | undefined, log: PartitionLog & Pick<LogEnds, 'highWatermark'>): number {
  if (stored === undefined || isAnother(stored, log)) return log.highWatermark - log.start
  // One that ends before the position is cut back, or led by a broker that has just begun to: the sink finds out which.
  return Math.max(0, log.highWatermark - Math.max(stored.nextOffset, log.start))
}

const ofAnotherLog: ReadonlySet<string | undefined> = new Set<HaltReason>(['LOG_CUT_BACK', 'LOG_REPLACED'])

function isAnother(stored: StoredPosition, log: PartitionLog): boolean {
  if (ofAnotherLog.has(stored.halted)) return true
  const placement = startPointOf(stored, log)
  return placement.kind === 'halt' && placement.reason === 'LOG_REPLACED'
}
