/** The proof of a trail in operation: its keys, where the log is kept, what seals entries into it, and what verifies it. */
export { adopt } from './adopt/index.ts'
export { BundleFolder, proveEvent, writeBundle } from './bundle/index.ts'
export { AuditError, auditErrorCodes } from './errors.ts'
export {
  addKey,
  beginProof,
  connectedWriters,
  type FirstSigners,
  fillKeyFolder,
  hasKeys,
  type KeyFolder,
  listKeys,
  makeKeyFile,
  makeOrReadKey,
  readKeyFile,
  readKeyText,
  revokeKey
} from './keys/index.ts'
export { recoverLog } from './recover/index.ts'
export {
  examineLog,
  type ProofFinding,
  type Round,
  rejections,
  Sealer,
  type SealerOptions,
  sealerMetrics
} from './sealer/index.ts'
export { auditSettings } from './settings.ts'
export {
  CheckpointTopic,
  checkpointPath,
  checkpointPathOf,
  checkpointTopicOf,
  openTileStore,
  readCheckpoint,
  readEntries,
  readTile,
  type TileStore
} from './store/index.ts'
export {
  type Finding,
  Findings,
  findingCodes,
  type Place,
  placeWords,
  type Verified,
  type VerifyProofParts,
  verifyProof
} from './verify/index.ts'
export { ProofWatch, watchMetrics } from './watch/index.ts'
export { startWitness } from './witness/index.ts'
