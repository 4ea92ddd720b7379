/** From a call of `publish` to requests: routes, batches, deadlines, failures. */
export { Delivery } from './dispatcher.ts'
export { provisional } from './pending.ts'
export type { Pending } from './types.ts'
