/** Publishing: events to Kafka, typed by a catalogue. */

export type { EventMap, EventName } from '../schemas/index.ts'
export { aggregateIdOf } from '../producers/aggregate-id.ts'
export {
  OptionsError,
  type Outcome,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts
} from '../producers/errors.ts'
export type { ProducerOptions } from '../producers/options.ts'
export { createProducer, type Producer } from '../producers/producer.ts'
export type { EventToPublish, KafkaReceipt, Publisher, PublishOptions, Receipt } from '../producers/types.ts'
