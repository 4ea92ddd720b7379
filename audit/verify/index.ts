/** Verifies the trail against its log, and says what is not as it was recorded. */

export { type Finding, Findings, findingCodes, placeWords } from './findings.ts'
export { type Verified, type VerifyProofParts, verifyProof } from './verify.ts'
