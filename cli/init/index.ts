/** `eventtrail init`: from an empty folder to a first event. */
export { initCommands } from './command.ts'
