/** Rows of before the proof: what accounts for them from now on. */
export { adopt } from './adopt.ts'
