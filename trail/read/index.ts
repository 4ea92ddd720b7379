/** Reading the trail: positions, ledger, its faults, lag. */
export { readAnswers, readLines } from './answers.ts'
export { readEnvelopes } from './envelopes.ts'
export { lagOf } from './lag.ts'
export { listLedgerFaults, readLedger } from './ledger.ts'
export { listHalted, listPositions, type PartitionPosition, topicsByGroup } from './positions.ts'
export { openSnapshot, type Snapshot, type SnapshotOptions } from './snapshot.ts'
export {
  countStored,
  eventsOfSeveralTopics,
  type StoredPlace,
  type StoredRange,
  type StoredRecord,
  type StoredUpTo,
  StoredValues,
  storedPlaces,
  storedUpTo,
  unstoredSince
} from './stored/index.ts'
export {
  type FaultTotal,
  type QuarantineTotal,
  sumAcceptedGaps,
  sumBooks,
  sumLedgerFaults,
  sumQuarantine
} from './totals.ts'
