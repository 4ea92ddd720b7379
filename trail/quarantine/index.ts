/** Records in quarantine: list, retry, discard. */
export {
  countQuarantine,
  discardHeld,
  discardQuarantined,
  heldBatches,
  listQuarantine,
  type QuarantineCount,
  type QuarantineEntry,
  type QuarantineFilter,
  requireAllHeld,
  retryQuarantined,
  showQuarantined
} from './quarantine.ts'
