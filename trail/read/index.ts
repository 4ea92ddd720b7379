/** Reading the trail: positions, ledger, its faults, lag. */
export { lagOf } from './lag.ts'
export { listLedgerFaults, readLedger } from './ledger.ts'
export { listPositions, type PartitionPosition } from './positions.ts'
