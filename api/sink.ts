// Not from the folder's index, whose types are those of the driver.
export { MigrationError, type MigrationErrorCode, PostgresError, type PostgresErrorCode } from '../postgres/index.ts'
export type { CaughtUpOptions, SinkOptions, SinkState, SinkStats } from '../sink/index.ts'
export { createSink, type Sink, sinkMetrics } from '../sink/index.ts'
export {
  PostgresEventStore,
  type PostgresEventStoreOptions,
  type RefusalCode,
  refusalCodes,
  SinkError,
  type SinkErrorCode,
  trailMigrations
} from '../trail/index.ts'
