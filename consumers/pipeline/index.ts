/** One message through its handler: decode, order per aggregate, retries, faults. */
export { AggregateLanes, type Slot } from './aggregate-lanes.ts'
export { createDecoder, patientSchemas } from './decoder.ts'
export { type DeliveryOptions, deliver, type Message, type Outcome } from './delivery.ts'
