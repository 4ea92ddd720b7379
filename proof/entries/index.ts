/** Entries of the log: a closed grammar of lines, to compose and to read. */
export { composeEntry, maxEntryTextBytes, parseEntry } from './entry.ts'
export { type EntryKind, grammar } from './grammar.ts'
export type { Entry, EntryHead, EntryOf, Stretch } from './types.ts'
