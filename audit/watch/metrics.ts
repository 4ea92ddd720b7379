import { counter, gauge } from '../../observability/index.ts'
import { type FindingCode, findingCodes } from '../verify/index.ts'

const codes = Object.keys(findingCodes) as FindingCode[]

/** What a watch of a sink counts. */
export const watchMetrics = {
  eventtrail_proof_watch_findings_total: counter('findings', 'findings of `proof watch`', { code: codes }),
  eventtrail_proof_watch_compared_total: counter(
    'records',
    'records of Kafka that were compared with what a statement of the sink says of them'
  ),
  eventtrail_proof_watch_uncompared_total: counter(
    'stretches',
    'stretches of the log that could not be compared, or not wholly'
  ),
  eventtrail_proof_watch_waiting_records: gauge(
    'records',
    'records that were read and wait for a statement of the sink'
  ),
  eventtrail_proof_watch_waiting_seconds: gauge(
    'seconds',
    'time for which the oldest of these records has waited; 0 where none waits'
  )
} as const
export type WatchMetrics = typeof watchMetrics
