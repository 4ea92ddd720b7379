/** The rights that each part needs in Kafka, as a table and as commands. */
export { aclCommandsOf } from './command.ts'
