/** Statements in the transaction of a batch: COPY, conflicts, quarantine rows. */
export { type Addition, listAdditions, nameRefuser } from './additions.ts'
export { asidesOf, countByCode, quarantineApart, refusalsByCode, refusedByTable } from './aside.ts'
export { blockerWords, listBlockers } from './blockers.ts'
export { CarefulInsert } from './careful-insert.ts'
export { PgRows } from './pg-rows.ts'
export { openPgSession, pgPositions } from './pg-session.ts'
export type { Aside } from './quarantine-row.ts'
export type { TrailPositions, TrailSession } from './session.ts'
