/** What is in Postgres: rows, positions, ledger, quarantine. No Kafka client, no control flow. */
export {
  connectSession,
  doctorSessions,
  onTrail,
  requireFitPostgres,
  requireTables,
  schemasWithTrail,
  sessionPool,
  sinkSessions
} from './database.ts'
export { type Decoded, Decoder, type NeedsSchemas, SchemaBook, type Schemas } from './decode/index.ts'
export { TrailError, type TrailErrorCode, trailErrorCodes } from './errors.ts'
export { PostgresEventStore, type PostgresEventStoreOptions } from './event-store.ts'
export { trailMigrations } from './migrations.ts'
export { keepPartitionsAhead, makePartitionsSince, partitionsAhead } from './months.ts'
export {
  acceptGap,
  acceptGapCommand,
  bookEntries,
  explainHalt,
  type HaltedPartition,
  type HaltReason,
  type LedgerEntry,
  type PartitionLog,
  type Placement,
  Position,
  partitionsToReset,
  place,
  type ResetRequest,
  readPositions,
  remedyOf,
  resetPartition,
  resumeTopic,
  type StoredPosition,
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
export { type RefusalCode, refusalCodes } from './refusal-codes.ts'
export { CopyBuffer, digestOf, idTimeOf, offsetOfRow, rowEnd, type TrailRow } from './rows/index.ts'
export {
  type Addition,
  type Aside,
  asidesOf,
  blockerWords,
  CarefulInsert,
  countByCode,
  listAdditions,
  listBlockers,
  openPgSession,
  pgPositions,
  quarantineApart,
  refusalsByCode,
  refusedByTable,
  type TrailPositions,
  type TrailSession
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
export { type Chunk, defaultGroup, offsetsIn, type Page, type Refused, type Row, type RowsResult } from './types.ts'
