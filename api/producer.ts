/** Publishing: events to Kafka, typed by a catalogue. */

export type {
  EventToPublish,
  KafkaReceipt,
  ProducerOptions,
  Publisher,
  PublishOptions,
  Receipt
} from '../producers/index.ts'
export {
  aggregateIdOf,
  createProducer,
  OptionsError,
  type Outcome,
  type Producer,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts
} from '../producers/index.ts'
export type { EventMap, EventName } from '../schemas/index.ts'
