/** The adapter: `createKafkaClient` makes a client of the port out of kafkajs. */
export { createKafkaClient } from './client.ts'
export type { KafkajsClient } from './types.ts'
