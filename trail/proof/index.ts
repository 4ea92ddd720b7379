/** The tables of the proof in Postgres: what a transaction stores there besides rows. */
export {
  addEntry,
  entryOf,
  extendEntries,
  keepWords,
  momentOf,
  proofOrigin,
  sayProved
} from './entries.ts'
export {
  type EntryBody,
  EntryWriter,
  type ProofRole,
  proverOf,
  trailKeys
} from './prover.ts'
