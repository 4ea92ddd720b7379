/** Statements in the transaction of a batch: COPY, conflicts, quarantine rows. */
export { type Addition, listAdditions, nameRefuser } from './additions.ts'
export { blockerWords, listBlockers, listSinkLogins, type SinkLogin } from './blockers.ts'
export { CarefulInsert } from './careful-insert.ts'
export { PgRows } from './pg-rows.ts'
export { openPgSession, pgPositions } from './pg-session.ts'
export type { QuarantineRow } from './quarantine-row.ts'
export { countByCode, countByPartition, quarantineByHalves, quarantineRowsOf, tableFaults } from './quarantine-write.ts'
export type { TrailPositions, TrailSession } from './session.ts'
