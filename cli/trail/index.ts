export { trailCommands } from './command.ts'
