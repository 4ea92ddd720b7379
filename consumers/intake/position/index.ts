/** Where a group is in a partition that is new to this member, and how that is changed. */
export { Moves } from './moves.ts'
export { Placement, type PlacementOptions } from './placement.ts'
