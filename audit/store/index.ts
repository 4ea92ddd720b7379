/** Where the log of the proof is kept: a folder, or a bucket of S3; and a topic of Kafka for its checkpoints. */
export { openTileStore } from './address.ts'
export { checkpointPath, checkpointPathOf, readBundle, readCheckpoint, readEntries, readTile } from './log.ts'
export type { TileStore } from './store.ts'
export { CheckpointTopic, checkpointTopicOf } from './topic.ts'
