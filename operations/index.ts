/** What operators run: doctor and verify, as functions that return findings. */
export { examine } from './doctor/index.ts'
export { type VerifyFinding, verify } from './verify/index.ts'
