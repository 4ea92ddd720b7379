export {
  type ActionCounts,
  type ActionRequest,
  act,
  type RunningAction,
  recordingFault,
  resumeAction
} from './action-log.ts'
export { type Operator, processName, shellOperator } from './operator.ts'
