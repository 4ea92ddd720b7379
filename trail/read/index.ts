/** Reading the trail: positions, ledger, its faults, lag. */
export { lagOf } from './lag.ts'
export { listLedgerFaults, readLedger } from './ledger.ts'
export { listHalted, listPositions, type PartitionPosition, topicsByGroup } from './positions.ts'
export {
  type FaultTotal,
  type QuarantineTotal,
  sumAcceptedGaps,
  sumBooks,
  sumLedgerFaults,
  sumQuarantine
} from './totals.ts'
