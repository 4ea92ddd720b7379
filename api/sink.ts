// Not from the folder's index, whose types are those of the driver.
export { PostgresError, type PostgresErrorCode } from '../postgres/errors.ts'
export { MigrationError, type MigrationErrorCode } from '../postgres/migrate.ts'
export { type RefusalCode, refusalCodes, SinkError, type SinkErrorCode } from '../trail/errors.ts'
export { PostgresEventStore, type PostgresEventStoreOptions } from '../trail/event-store.ts'
export { trailMigrations } from '../trail/migrations.ts'
export type { CaughtUpOptions, SinkOptions } from '../sink/options.ts'
export { createSink, type Sink } from '../sink/sink.ts'
export type { SinkState, SinkStats } from '../sink/state.ts'
