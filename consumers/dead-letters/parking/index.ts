/** Aggregates whose later messages wait in the dead letters, so that their order survives. */
export { openParking, parkedTopicOf } from './open.ts'
export { Parking } from './parking.ts'
export { isDrained, type ParkedRow, parkedRow, type RedriveRow, redriveRow } from './rows.ts'
export { supersedes as parkedRowSupersedes } from './versions.ts'
