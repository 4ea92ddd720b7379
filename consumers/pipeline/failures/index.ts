/** What is done about a message that fails: the verdict, the words for the log, the dead letter. */
export { judge } from './faults.ts'
export { type FinalFailureParts, giveUp } from './final-failure.ts'
export { logFieldsOf } from './log-fields.ts'
export { begin, parkedError } from './parked.ts'
export type { PersistParts } from './persisted.ts'
