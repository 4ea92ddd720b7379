/** What the proof says of a month that goes, and what stays of it. */
export { lookAtMonth } from './look.ts'
export { signRemoval } from './sign.ts'
