/** Building an index again while it is searched and written to. */
export { type KafkaSource, type KafkaSourceOptions, kafkaSource } from './kafka-source.ts'
export { type RebuildOptions, type RebuildProgress, rebuildIndex } from './rebuild.ts'
export type { IndexRebuild, Json, RebuildableIndex, RebuildSource, SourceBatch } from './types.ts'
