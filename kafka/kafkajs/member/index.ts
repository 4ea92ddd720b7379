/** A member of a consumer group that stays alive whatever ends kafkajs's consumer. */
export { SupervisedConsumer } from './consumer.ts'
