/** The one door to Postgres: sessions, pools, migrations, and what its errors mean. */
export { PostgresError, type PostgresErrorCode, postgresErrorCodes, unavailable } from './errors.ts'
export { backendOf, requireFit } from './fitness.ts'
export { withLiterals } from './literals.ts'
export {
  MigrationError,
  type MigrationErrorCode,
  type MigrationStatus,
  type Migrations,
  migrate,
  migrationErrorCodes,
  migrationStatus,
  type Queryable
} from './migrate.ts'
export { openDatabase } from './pool.ts'
export {
  type PartGrants,
  roleName,
  rolePrefixShape,
  rolesOf,
  rolesScript
} from './roles.ts'
export { openPool, openSession, type SessionOptions } from './session.ts'
export { postgresSettings } from './settings.ts'
export { createSchema, type Database, hiddenSchemas, query, requireTables } from './tables.ts'
export type { DatabaseAddress, Pool, PooledSession, Queries, Session, SessionQueries } from './types.ts'
