export { deadLetterCommands } from './command.ts'
