/** Many events in one call of a handler, and what becomes of them when it fails. */
export { forOneEvent } from './batch-call.ts'
export { type BatchDeliveryOptions, createBatchDelivery, type DeliverBatch } from './batch-delivery.ts'
