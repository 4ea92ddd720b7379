/** Reading the trail: positions, ledger, its faults, lag. */
export { lagOf } from './lag.ts'
export { type LedgerFault, type LedgerFilter, type LedgerHour, listLedgerFaults, readLedger } from './ledger.ts'
export { listPositions, type PartitionPosition } from './positions.ts'
