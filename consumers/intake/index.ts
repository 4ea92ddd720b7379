/** From the member of a group to messages: fetches, held bytes, joins. */
export { Reader } from './reader.ts'
