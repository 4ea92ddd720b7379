/** One message through its handler: decode, order per aggregate, retries, faults. */
export { AggregateLanes, type Slot } from './aggregate-lanes.ts'
export {
  type BatchDeliveryOptions,
  createBatchDelivery,
  type DeliverBatch
} from './batches/index.ts'
export { createDecoder, patientSchemas } from './decoder.ts'
export { createDelivery, type Deliver, type DeliveryOptions, type Outcome } from './delivery.ts'
export type { Batching } from './lane.ts'
export type { RunningCall } from './measure.ts'
export type { Message } from './message.ts'
