import connectionModule from 'kafkajs/src/network/connection.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface Connection {
  /** ms before the end of a session at which kafkajs logs in again. */
  reauthenticationThreshold: number
  /** ms; a Long. 0 where a session does not end. */
  readonly sessionLifetime: { toString(): string }
  isAuthenticated(): boolean
}

const mostMs = 10_000
const leastPart = 4

/** ms before the end of a session at which a new login has to begin. */
export const thresholdFor = (lifetimeMs: number): number => Math.min(mostMs, Math.floor(lifetimeMs / leastPart))

/** A login follows the life of its session: in the last quarter of short ones. */
export const keepShortSessions: Patch = patch(
  {
    fixes:
      'kafkajs logs in again 10 s before a session ends: where sessions last 10 s or less (`connections.max.reauth.ms`, or a token that ends soon) it does so with each request, which the broker answers with `ILLEGAL_SASL_STATE`.',
    issues: []
  },
  () => {
    const { prototype } = connectionModule as PrivateClass<Connection>
    replace(
      prototype,
      'isAuthenticated',
      isAuthenticated =>
        function (this: Connection) {
          const lifetimeMs = Number(this.sessionLifetime.toString())
          if (lifetimeMs > 0) this.reauthenticationThreshold = thresholdFor(lifetimeMs)
          return isAuthenticated.call(this)
        }
    )
  }
)
