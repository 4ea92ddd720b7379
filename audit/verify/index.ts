/** Verifies the trail against its log, and says what is not as it was recorded. */
export { type Finding, type FindingCode, Findings, findingCodes, type Place, placeWords } from './findings.ts'
export { type CheckedEntry, EntryChecker, HashList, isOfContent, trustedCheckpoint } from './log/index.ts'
export { type Verified, type VerifyProofParts, verifyProof } from './verify.ts'
