/** Where each partition is: the fence, halts, resets, and the ledger of every offset. */
export { acceptGap } from './accept-gap.ts'
export {
  type Claim,
  claimOffsets,
  endBlockers,
  type FreshPartition,
  haltPartition,
  haltTopic,
  openPositions,
  type PositionRow,
  positionColumns,
  readPositions,
  storedPosition
} from './fence.ts'
export { acceptGapCommand, explainHalt, type HaltedPartition, remedyOf, tooManyBad } from './halts.ts'
export { bookEntries, type LedgerEntry, writeGaps, writeLedger } from './ledger.ts'
export { partitionsToReset, type ResetRequest, resetPartition } from './reset.ts'
export { resumeTopic } from './resume.ts'
export {
  type HaltReason,
  type PartitionLog,
  type StartPoint,
  type StoredPosition,
  startPointOf
} from './start-point.ts'
