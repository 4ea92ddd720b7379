/** Asks brokers about the logs of partitions, and reads them, without a group. */
export { heldBack, logEnds } from './log-ends.ts'
export { KafkaLogReader } from './log-reader.ts'
