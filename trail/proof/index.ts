/** The tables of the proof in Postgres: what a transaction stores there besides rows. */
export { busEntries } from './bus-entries.ts'
export { ChangeEntries, type Signing } from './changes.ts'
export {
  addEntry,
  clockTime,
  closeEntries,
  extendEntries,
  extensionSql,
  extensionValues,
  keepWords,
  momentOf,
  proofBegan,
  proofOrigin,
  sayProved,
  timeSql,
  transactionTime
} from './entries.ts'
export { signerIn } from './key-option.ts'
export {
  type EntryBody,
  EntryWriter,
  type ProofRole,
  type Prover,
  proverOf,
  trailKeys
} from './prover.ts'
export { addSalted, newSalt } from './salted.ts'
export { type ProofStanding, proofStanding, silentSeconds } from './standing.ts'
