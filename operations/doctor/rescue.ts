import { describeError } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { listSinkLogins, type SinkLogin } from '../../trail/index.ts'
import { type Finding, ok, warning } from './finding.ts'

/** Whether the sinks that run could end the session of one that is suspended. */
export async function examineRescue(pool: Pool): Promise<Finding[]> {
  try {
    return rescueFindings(await listSinkLogins(pool))
  } catch (error) {
    return [warning('rescue', describeError(error))]
  }
}

/** Of sinks with one login each may end the sessions of the others; with several, each login needs two roles for that. */
export function rescueFindings(logins: readonly SinkLogin[]): Finding[] {
  if (logins.length === 0) return []
  if (logins.length === 1) return [ok('rescue', 'all sinks that are seen here have the same login')]
  if (logins.every(({ mayRescue }) => mayRescue))
    return [ok('rescue', 'the sinks have several logins, and each may end the sessions of the others')]
  return [
    warning(
      'rescue',
      `the sinks have ${logins.length} logins, and not all may end a session of another: one that is suspended in the middle of a transaction keeps its locks. Give all sinks the same login, or each login the roles pg_monitor and pg_signal_backend`
    )
  ]
}
