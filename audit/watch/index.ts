/** Compares the topics of Kafka with what a sink has signed, without the database. */
export { watchMetrics } from './metrics.ts'
export { ProofWatch } from './watch.ts'
