export { publishCommands } from './command.ts'
