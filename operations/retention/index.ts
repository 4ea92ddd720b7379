/** Months of the trail: which there are, which are kept, and the end of one. */
export { dropMonth } from './drop.ts'
export { type Hold, hold, listHolds, release } from './holds.ts'
export { type DroppedMonth, type ListedMonth, listDropped, listMonths } from './list.ts'
export { type DropPlan, planDrop, requireMonth } from './plan.ts'
export { type UnfinishedDrop, unfinishedDrops } from './steps.ts'
export { unreadUntil } from './unread.ts'
