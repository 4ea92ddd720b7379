import { EventtrailError } from '../../core/index.ts'

/**
 * - `CHILD_FAILED`: a contender's process ended by itself.
 * - `COUNTS_DIFFER`: what a contender stored is not what was loaded; its results are worth nothing.
 * - `SETTINGS_DIFFER`: Postgres was not as durable as for the others.
 * - `STALLED`: nothing was stored for a minute.
 * - `PEER_MISSING`: the peer could not be downloaded or started.
 * - `MACHINE`: this machine lacks what the benchmark reads (Linux' /proc, servers as processes).
 */
export type BenchErrorCode =
  | 'CHILD_FAILED'
  | 'COUNTS_DIFFER'
  | 'SETTINGS_DIFFER'
  | 'STALLED'
  | 'PEER_MISSING'
  | 'MACHINE'

export class BenchError extends EventtrailError<BenchErrorCode> {
  constructor(code: BenchErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: false, cause })
  }
}
