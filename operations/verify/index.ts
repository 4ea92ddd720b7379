/** Whether nothing is missing: the ledger against the rows and Kafka's ends. */
export type { VerifyFinding } from './types.ts'
export { verify } from './verify.ts'
