export { proofCommands } from './command.ts'
