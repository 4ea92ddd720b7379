/** What a verification reads of the database, in one snapshot. */
export { readBooks, readKept } from './books.ts'
export { compareSealed, readNewestCheckpoint, readUnsealed, reportRejected } from './entries.ts'
export { checkQuarantine, readLists } from './lists.ts'
export { readRows } from './rows.ts'
