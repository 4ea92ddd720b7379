/** Effects that happen once: a table in the handlers' own database, written in their transaction. Loads no driver. */
export { InboxError, type InboxErrorCode, inboxErrorCodes } from './errors.ts'
export { inboxMigrations, inboxSql } from './migrations.ts'
export { onceOf, onceOfBatch, onceOfOne } from './once.ts'
export { type InboxOptions, postgresInbox } from './postgres-inbox.ts'
export { defaultKeepMs, type PruneOptions, pruneInbox } from './prune.ts'
export type { Claim, Inbox, Once, OnceOfBatch, OnceOptions, OncePool, OnceSession } from './types.ts'
