export { trailCommands } from './command.ts'
export { openOutput } from './export/index.ts'
