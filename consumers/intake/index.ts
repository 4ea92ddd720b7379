/** From the member of a group to messages: fetches, held bytes, joins. */
export { HeldBytes } from './backpressure.ts'
export { FetchedMessage } from './fetched-message.ts'
export { Lease } from './lease.ts'
export { MessageWork } from './message-work.ts'
export { Reader } from './reader.ts'
