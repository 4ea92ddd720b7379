// What a program with a bus needs of the room of producers, without the Kafka client that the room's index loads.
export { aggregateIdOf } from '../aggregate-id.ts'
export {
  type Outcome,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts
} from '../errors.ts'
export type { PublisherStats } from '../types.ts'
