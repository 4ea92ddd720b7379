/** The log as a verifier reads it: checkpoint, entries, keys. */
export { type CheckedEntry, EntryChecker } from './entries.ts'
export { checkOlder, type ReadLog, readLog } from './read-log.ts'
