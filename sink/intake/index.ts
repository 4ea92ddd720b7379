/** Reading: which topics, from where, and what a fetch becomes. */
export { AssignedPositions } from './assigned-positions.ts'
export { Breaker } from './breaker.ts'
export { type Discovered, Discovery, maxEvents } from './discovery.ts'
export { Intake } from './intake.ts'
export { warnAboutMissingEvents } from './missing-events.ts'
export type { PartitionControl } from './partition-control.ts'
export type { StartPointSources } from './start-points.ts'
export { TopicReport } from './topic-report.ts'
