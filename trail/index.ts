/** What is in Postgres: rows, positions, ledger, quarantine. No Kafka client, no control flow. */
export { connectSession, doctorSessions, onTrail, requireFitPostgres, sessionPool, sinkSessions } from './database.ts'
export { type EncodedPage, type NeedsSchemas, PageEncoder, SchemaBook, type Schemas } from './encoding/index.ts'
export { TrailError, type TrailErrorCode, trailErrorCodes } from './errors.ts'
export { type PostgresEventStore, postgresEventStore } from './event-store.ts'
export { trailMigrations } from './migrations.ts'
export { keepMonthsAhead, makeMonthsSince, monthsAhead } from './months.ts'
export {
  acceptGap,
  acceptGapCommand,
  bookEntries,
  explainHalt,
  type HaltedPartition,
  type HaltReason,
  type LedgerEntry,
  type PartitionLog,
  partitionsToReset,
  type ResetRequest,
  readPositions,
  remedyOf,
  resetPartition,
  resumeTopic,
  type StartPoint,
  type StoredPosition,
  startPointOf,
  tooManyBad
} from './positions/index.ts'
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
} from './quarantine/index.ts'
export { type RecordFaultCode, recordFaultCodes } from './record-fault-codes.ts'
export { CopyBuffer, digestOf, idTimeOf, offsetOfRow, rowEnd, type TrailRow } from './rows/index.ts'
export {
  type Addition,
  blockerWords,
  CarefulInsert,
  countByCode,
  countByPartition,
  listAdditions,
  listBlockers,
  openPgSession,
  pgPositions,
  type QuarantineRow,
  quarantineByHalves,
  quarantineRowsOf,
  type TrailPositions,
  type TrailSession,
  tableFaults
} from './session/index.ts'
export {
  forgetTopic,
  forgottenTopics,
  groupsOfTrail,
  rememberTopic,
  topicsOfTrail,
  unknownGroup,
  unreadTopic
} from './topics.ts'
export {
  type BadRecord,
  type Chunk,
  defaultGroup,
  type LastRecord,
  offsetsIn,
  type Page,
  type Row,
  type RowsResult
} from './types.ts'
