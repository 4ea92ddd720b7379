/** From a call of `publish` to requests: routes, batches, deadlines, failures. */
export { Dispatcher } from './dispatcher.ts'
export { provisional } from './routes.ts'
export type { Pending } from './types.ts'
