export { PostgresError, type PostgresErrorCode } from './errors.ts'
export { backendOf, requireFit } from './fitness.ts'
export { openPool, openSession, type SessionOptions } from './session.ts'
