export { type ActionCounts, type ActionRequest, act, type RunningAction, resumeAction } from './action-log.ts'
export { type Operator, shellOperator } from './operator.ts'
