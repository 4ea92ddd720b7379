export { retentionCommands } from './command.ts'
