/** What the entries of a log say of rows, and whether it is so: pure rules. */
export { Account } from './account.ts'
export { type Books, checkBooks, type LedgerSum } from './books.ts'
export { type KeptLeaf, placeKept } from './kept.ts'
export type { PartitionPlace } from './lane.ts'
export { ListChecker, type ListedLine } from './lists.ts'
export { checkOffsets } from './offsets.ts'
export { RowPlacer } from './rows.ts'
export { type ChangedStretch, settle } from './settle.ts'
