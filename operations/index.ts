/** What operators look with: doctor and verify, as functions that return findings. What they change is in `trail/`. */
export { examine } from './doctor/index.ts'
export { type VerifyFinding, verify } from './verify/index.ts'
