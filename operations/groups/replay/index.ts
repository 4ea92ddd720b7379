/** Lets a group have again what it had since a time, from the trail where Kafka no longer has it. */
export { planReplay, type ReplayPlan } from './find.ts'
export { continueReplay, type ReplayResult, replayGroup } from './replay.ts'
export type { ReplayParts } from './run.ts'
