/** Records in quarantine: list, retry, discard. */

export { countPurgeable, purgeAfterDays, purgeQuarantine } from './purge.ts'
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
