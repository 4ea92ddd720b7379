export { groupCommands } from './command.ts'
