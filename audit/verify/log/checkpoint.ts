import { checkCheckpoint, ProofError, type Trust, type TrustedCheckpoint } from '../../../proof/index.ts'
import type { Findings, Place } from '../findings.ts'

/**
 * Holds a signed checkpoint against the policy.
 * @returns it also where witnesses are missing, since what the log has signed can still be verified; undefined where the
 *   log has not signed it
 */
export function trustedCheckpoint(
  note: string,
  trust: Trust,
  place: Place,
  findings: Findings
): TrustedCheckpoint | undefined {
  let checkpoint: TrustedCheckpoint
  try {
    checkpoint = checkCheckpoint(note, { ...trust, hasQuorum: () => true })
  } catch (error) {
    if (!(error instanceof ProofError)) throw error
    findings.report('CHECKPOINT_INVALID', place, error.message)
    return undefined
  }
  if (!trust.hasQuorum(checkpoint.signed.map(({ key }) => key)))
    findings.report('QUORUM_MISSING', place, 'the checkpoint is cosigned by too few witnesses')
  return checkpoint
}
