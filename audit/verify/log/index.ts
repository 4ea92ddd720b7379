/** The log as a verifier reads it: checkpoint, entries, keys. */
export { trustedCheckpoint } from './checkpoint.ts'
export { type CheckedEntry, EntryChecker } from './entries.ts'
export { HashList } from './hash-list.ts'
export { checkOlder, isOfContent, type ReadLog, readLog } from './read-log.ts'
