export { exportCommand } from './command.ts'
export { openOutput } from './output.ts'
