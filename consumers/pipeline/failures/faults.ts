import { causesOf, driverSqlState, EventtrailError, isDefect, isObject, sqlStateKind } from '../../../core/index.ts'
import { ConsumerError } from '../../errors.ts'

/**
 * What to do about something that a handler or a decoder threw: `wait` when it is no fault of the message (a
 * server is away): again and again, without limit; `retry`: a limited number of attempts; `give up`: none.
 */
export type Verdict = 'wait' | 'retry' | 'give up'

/** Of system calls, `fetch`, postgres.js, and Prisma where it has no answer of Postgres. */
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'P1001',
  'P1002',
  'P1017',
  'P2024',
  'P2034',
  'P2037'
])

/**
 * Judges whatever was thrown; never throws. A `retryable` flag on it decides: true is `wait`, false is
 * `give up`. Without one, network errors and a database's own troubles are `wait`, also where another error was made from
 * them; all else is `retry`.
 */
export function judge(thrown: unknown): Verdict {
  for (const fault of causesOf(thrown)) {
    // Another attempt may be faster, and a handler that is never fast enough must not wait without limit.
    if (fault instanceof ConsumerError && fault.code === 'HANDLER_TIMEOUT') return 'retry'
    const says = retryableOf(fault)
    if (says === true || isAway(fault)) return 'wait'
    // Who has made another error from a final one may know better.
    if (says === false) return fault === thrown ? 'give up' : 'retry'
  }
  return 'retry'
}

const retryableOf = (fault: unknown): boolean | undefined =>
  isObject(fault) && typeof fault.retryable === 'boolean' ? fault.retryable : undefined

function isAway(fault: unknown): boolean {
  const state = driverSqlState(fault)
  // Read-only is how a standby looks after a failover.
  if (state !== undefined) return ['server', 'read-only'].includes(sqlStateKind(state))
  return isObject(fault) && typeof fault.code === 'string' && awayCodes.has(fault.code)
}

/**
 * Whether a fault is this process's own (a `TypeError` and its like, also as what the Kafka client failed with): no
 * server will ever answer otherwise.
 */
export const isOurs = (thrown: unknown): boolean =>
  isDefect(thrown) || (thrown instanceof EventtrailError && thrown.code === 'CLIENT_FAILED')

const nameShape = /^[\w.-]{1,64}$/
const mostDigits = 8

/** Whether a text can be the name of a fault: what has many digits is an id or a number of someone's. */
const isName = (text: string): boolean => nameShape.test(text) && text.replace(/\D/g, '').length <= mostDigits

/**
 * A short name of whatever was thrown: its code, else its class, else its type; of an error that is no more than an
 * `Error` the name of its cause. Never its message, which may quote what the message carried.
 */
export function faultName(thrown: unknown): string {
  for (const fault of causesOf(thrown)) {
    const name = ownName(fault)
    if (name !== 'Error' && name !== 'object') return name
  }
  return ownName(thrown)
}

function ownName(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null) {
    if ('code' in thrown && typeof thrown.code === 'string' && isName(thrown.code)) return thrown.code
    if (thrown instanceof Error) return isName(thrown.name) ? thrown.name : 'Error'
  }
  return typeof thrown
}

/** The names of a fault and of its causes, for a log: `POSTGRES_UNAVAILABLE, ECONNREFUSED`. */
export function faultNames(thrown: unknown): string {
  return [...causesOf(thrown)].map(ownName).join(', ')
}
