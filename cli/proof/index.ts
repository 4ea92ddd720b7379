export { proofCommands } from './command.ts'
export { logExamination } from './examine.ts'
