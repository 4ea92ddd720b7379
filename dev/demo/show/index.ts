/** What the demo shows on a terminal. */
export { type Check, checkTable, queriesAbout, type Timings, timingLines } from './report.ts'
export { Screen } from './screen.ts'
export { count, counted, type Signs, seconds, signsFor } from './words.ts'
