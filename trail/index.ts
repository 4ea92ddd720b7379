/**
 * The trail: what is in Postgres, with no Kafka client and nothing that runs. Who reads it needs a pool alone:
 *
 * ```ts
 * const pool = new pg.Pool({ connectionString })
 * const group = 'sink' // as the tables have it: the topic prefix, then the name of the group
 * await listPositions(pool, group) // where each partition continues, and why one is halted
 * await readLedger(pool, { group }) // every offset, by hour: row, duplicate, quarantined, skipped or lost
 * await listLedgerFaults(pool, { group }) // gaps and holes; empty where nothing is missing
 * await countQuarantine(pool) // bad records by the code of their fault
 * lagOf(position, log) // offsets not stored yet; the ends of the log come from a Kafka client
 * ```
 */
export { classify, isProgramFault } from './classify.ts'
export {
  connectSession,
  doctorSessions,
  inTransaction,
  onTrail,
  requireFitPostgres,
  sessionPool,
  sinkSessions
} from './database.ts'
export {
  type EncodedPage,
  encodeAgain,
  encodeUnlessCorrupt,
  PageEncoder,
  SchemaBook,
  type Schemas
} from './encoding/index.ts'
export { type RecordFaultCode, recordFaultCodes, TrailError, type TrailErrorCode, trailErrorCodes } from './errors.ts'
export { type EventStoreOptions, type PostgresEventStore, postgresEventStore } from './event-store.ts'
export { readFieldMeanings, storeFieldMeanings } from './field-meanings.ts'
export { defaultGroup, unknownGroup } from './groups.ts'
export { trailMigrations } from './migrations.ts'
export {
  keepMonthsAhead,
  keepMonthsIfAllowed,
  type MonthPartition,
  makeMonthsSince,
  monthPartition,
  monthsAhead,
  type RowsInDefault,
  rowsInDefault
} from './months.ts'
export {
  acceptGap,
  acceptGapCommand,
  bookEntries,
  explainHalt,
  type HaltedPartition,
  type HaltReason,
  type LedgerEntry,
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
  addEntry,
  addSalted,
  ChangeEntries,
  clockTime,
  type EntryBody,
  EntryWriter,
  extendEntries,
  keepWords,
  momentOf,
  newSalt,
  type ProofRole,
  type ProofStanding,
  type Prover,
  proofBegan,
  proofOrigin,
  proofStanding,
  proverOf,
  type Signing,
  sayProved,
  silentSeconds,
  timeSql,
  trailKeys
} from './proof/index.ts'
export {
  countPurgeable,
  countQuarantine,
  discardHeld,
  discardQuarantined,
  heldBatches,
  listQuarantine,
  purgeAfterDays,
  purgeQuarantine,
  type QuarantineCount,
  type QuarantineEntry,
  type QuarantineFilter,
  requireAllHeld,
  retryQuarantined,
  showQuarantined
} from './quarantine/index.ts'
export {
  countStored,
  eventsOfSeveralTopics,
  type FaultTotal,
  lagOf,
  listHalted,
  listLedgerFaults,
  listPositions,
  openSnapshot,
  type PartitionPosition,
  type QuarantineTotal,
  readAnswers,
  readEnvelopes,
  readLedger,
  readLines,
  type Snapshot,
  type SnapshotOptions,
  type StoredPlace,
  type StoredRange,
  type StoredRecord,
  type StoredUpTo,
  StoredValues,
  storedPlaces,
  storedUpTo,
  sumAcceptedGaps,
  sumBooks,
  sumLedgerFaults,
  sumQuarantine,
  topicsByGroup,
  unstoredSince
} from './read/index.ts'
export { CopyBuffer, digestOf, idTimeOf, offsetOfRow, rowEnd, type TrailRow } from './rows/index.ts'
export {
  type Condition,
  checkedQuestion,
  cursorOf,
  type FoundRow,
  matcherOf,
  mostFound,
  operators,
  parseCondition,
  type Question,
  type QuestionStatement,
  questionSql,
  readCursor,
  readsWholeTrail
} from './search/index.ts'
export {
  buildSearchIndexes,
  dropSearchIndexes,
  searchIndexState
} from './search-indexes/index.ts'
export {
  type Addition,
  blockerWords,
  CarefulInsert,
  copyOut,
  countByCode,
  countByPartition,
  listAdditions,
  listBlockers,
  listSinkLogins,
  openPgSession,
  pgPositions,
  type QuarantineRow,
  quarantineByHalves,
  quarantineRowsOf,
  type RowTaker,
  type SinkLogin,
  type TrailPositions,
  type TrailSession,
  tableFaults
} from './session/index.ts'
export { forgetTopic, forgottenTopics, rememberTopic, topicsOfTrail, unreadTopic } from './topics.ts'
export {
  type BadRecord,
  type Chunk,
  idOf,
  type LastRecord,
  offsetsIn,
  type Page,
  type Row,
  type RowsResult
} from './types.ts'
