/** Proofs: what is hashed and signed of the trail, in which form, and how it is checked. Pure rules, without servers. */
export { canonicalJson } from './canonical-json.ts'
export {
  type Checkpoint,
  checkCheckpoint,
  composeCheckpoint,
  parseCheckpoint,
  type TrustedCheckpoint
} from './checkpoint.ts'
export {
  AsideDigest,
  type AsideLine,
  asideText,
  keptDigest,
  quarantineDigest,
  wordsDigest
} from './digests.ts'
export {
  composeEntry,
  type Entry,
  type EntryKind,
  type EntryOf,
  grammar,
  maxEntryTextBytes,
  parseEntry
} from './entries/index.ts'
export { ProofError, proofErrorCodes } from './errors.ts'
export {
  makeKey,
  parseSigner,
  parseVkey,
  type SignatureType,
  type Signer,
  signatureTypes,
  signerOf,
  signerText,
  type Verifier
} from './keys.ts'
export {
  checkConsistency,
  checkInclusion,
  consistencyPath,
  emptyRoot,
  entryHash,
  type HashReader,
  inclusionPath,
  logRoot,
  nodeHash,
  readerOf,
  type TreeHead
} from './log-tree.ts'
export {
  checkNote,
  composeNote,
  cosign,
  type Note,
  type NoteSignature,
  parseNote,
  signatureIn,
  signatureLine,
  signNote,
  signText
} from './notes.ts'
export {
  composeRow,
  hashBytes,
  leafLetters,
  leafOf,
  leavesOf,
  type ProofRow,
  parseRow,
  rowColumns,
  rowForm
} from './row.ts'
export { proofSettings } from './settings.ts'
export {
  type Chunk,
  Statement,
  type StatementLimits,
  type StoredEntry
} from './statement.ts'
export {
  bundlePath,
  composeBundle,
  composeTile,
  maxEntryBytes,
  newTiles,
  parseBundle,
  type Tile,
  tilePath,
  tileReader,
  tileWidth
} from './tiles.ts'
export { parseTrust, type Trust } from './trust.ts'
export { rootOfWidePath, WideTree, widePath } from './wide-tree.ts'
