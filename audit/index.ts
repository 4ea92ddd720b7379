/** The log of the proof: where it is kept, what seals entries into it, and what verifies it. */
export { AuditError, auditErrorCodes } from './errors.ts'
export { auditSettings } from './settings.ts'
export {
  checkpointPath,
  checkpointPathOf,
  openTileStore,
  readCheckpoint,
  readEntries,
  readTile,
  type TileStore
} from './store/index.ts'
