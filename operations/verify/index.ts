/** Whether nothing is missing: the ledger against the rows and Kafka's ends. */
export { compare, type Difference, explain, type RowsParts } from './rows.ts'
export type { VerifyFinding } from './types.ts'
export { verify } from './verify.ts'
