/** Reading: which topics, from where, and what a fetch becomes. */
export { Positions, type PositionsOptions } from './assigned-positions.ts'
export { Breaker } from './breaker.ts'
export { type Discovered, Discovery, type DiscoveryOptions, maxEvents } from './discovery.ts'
export { Intake, type IntakeOptions } from './intake.ts'
export { tellAwaited } from './missing-events.ts'
export type { Reading } from './partition-control.ts'
export type { PlacementOptions } from './placement.ts'
export { TopicReport } from './topic-report.ts'
