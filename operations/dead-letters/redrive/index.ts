/** Sends letters to their group again, and follows what becomes of them. */
export { Patience } from './follow.ts'
export type { StillParked } from './parked-after.ts'
export { ParkedTable } from './parked-table.ts'
export { mostRounds } from './rounds.ts'
export type { RedriveOutcome, RedriveProgress } from './run.ts'
export { endsOf, Pace, redrivePartition, sendInOrder } from './send.ts'
export { noRedriveTopic, redrive, requireNew } from './start.ts'
