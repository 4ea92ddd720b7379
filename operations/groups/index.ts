/** Groups as an operator sees them, and what is ordered to them. */
export {
  type GroupActionParts,
  type PauseResult,
  pauseGroup,
  planRewind,
  requireOurs,
  resumeGroup,
  rewindGroup,
  scopeIn
} from './actions.ts'
export { appliedBy, nameOf, type SeenMember, type StoppedOn, stoppedBy, takesOrders } from './applied.ts'
export { type GroupLook, type GroupSources, type Loss, lookAtGroup, lossOf } from './kafka-side.ts'
export { type Pace, type PartitionLook, paceOf } from './lag.ts'
export { type ListedGroup, listGroups } from './list.ts'
export { Orders } from './orders.ts'
export {
  continueReplay,
  planReplay,
  type ReplayParts,
  type ReplayPlan,
  type ReplayResult,
  replayGroup
} from './replay/index.ts'
export type { RewindStep, RewindTarget } from './rewind-plan.ts'
