/** Which rows of a stretch were changed, as far as other places than the log show it. */
export { explain } from './explain.ts'
export type { RecordSource } from './records.ts'
