import { anyText, counter, gauge } from '../../observability/index.ts'
import { rejections } from './judge.ts'

const codes = Object.keys(rejections) as (keyof typeof rejections)[]

/** What the sealer of the proof counts. */
export const sealerMetrics = {
  eventtrail_proof_entries_unsealed: gauge('entries', 'entries of the proof that are not in the log yet'),
  eventtrail_proof_oldest_unsealed_seconds: gauge(
    'seconds',
    'time since the oldest entry that is not in the log yet was written or extended; 0 where all are'
  ),
  eventtrail_proof_checkpoint_age_seconds: gauge(
    'seconds',
    'age of the newest checkpoint of the log; it grows while nothing is stored'
  ),
  eventtrail_proof_place_lag_seconds: gauge(
    'seconds',
    'time for which a place has lacked the newest checkpoint of the log, or a witness has not cosigned it; 0 where all is well',
    { place: anyText }
  ),
  eventtrail_proof_rejected_total: counter(
    'entries',
    'entries that the sealer has left out of the log: their signature, their key or their form is wrong',
    { code: codes }
  ),
  eventtrail_proof_chains_broken_total: counter(
    'entries',
    'sealed entries whose writer wrote another one before them that is missing or was changed'
  )
} as const
export type SealerMetrics = typeof sealerMetrics
