import { EventtrailError, isDefect, sqlStateKind, sqlStateOf } from '../../core/index.ts'

/**
 * What to do about something that a handler or a decoder threw: `wait` when it is no fault of the message (a
 * server is away): again and again, without limit; `retry`: a limited number of attempts; `give up`: none.
 */
export type Verdict = 'wait' | 'retry' | 'give up'

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND'
])

/**
 * Judges whatever was thrown; never throws. A `retryable` flag on it decides: true is `wait`, false is
 * `give up`. Without one, network errors and a database's own troubles are `wait`, all else is `retry`.
 */
export function judge(thrown: unknown): Verdict {
  if (typeof thrown !== 'object' || thrown === null) return 'retry'
  if ('retryable' in thrown && typeof thrown.retryable === 'boolean') return thrown.retryable ? 'wait' : 'give up'
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  if (networkCodes.has(code)) return 'wait'
  // Read-only is how a standby looks after a failover.
  const isDatabases = 'severity' in thrown && sqlStateOf(thrown) !== undefined
  return isDatabases && ['server', 'read-only'].includes(sqlStateKind(code)) ? 'wait' : 'retry'
}

/**
 * Whether a fault is this process's own (a `TypeError` and its like, also as what the Kafka client failed with): no
 * server will ever answer otherwise.
 */
export const isOurs = (thrown: unknown): boolean =>
  isDefect(thrown) || (thrown instanceof EventtrailError && thrown.code === 'CLIENT_FAILED')

const nameShape = /^[\w.-]{1,64}$/

/**
 * A short name of whatever was thrown: its code, else its class, else its type. Never its message, which may
 * quote what the message carried.
 */
export function faultName(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null) {
    if ('code' in thrown && typeof thrown.code === 'string' && nameShape.test(thrown.code)) return thrown.code
    if (thrown instanceof Error) return nameShape.test(thrown.name) ? thrown.name : 'Error'
  }
  return typeof thrown
}

/** The names of a fault and of its causes, for a log: `POSTGRES_UNAVAILABLE, ECONNREFUSED`. */
export function faultNames(thrown: unknown): string {
  const names: string[] = []
  for (let fault = thrown; names.length < 5; fault = fault.cause) {
    names.push(faultName(fault))
    if (!(fault instanceof Error) || fault.cause === undefined) break
  }
  return names.join(', ')
}
