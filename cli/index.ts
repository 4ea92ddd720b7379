/** The frame of the commands: context, exit codes, configuration. */
export { type CommandContext, type CommandHost, type ExitCode, exitCodes, wholeNumber } from './command.ts'
export { loadConfig, settings } from './config.ts'
export { connectionOf } from './connection.ts'
export { makeFolder } from './folder.ts'
export { initCommands } from './init/index.ts'
export { createLogger } from './log.ts'
export { loadDocuments, loadMails } from './mappings/index.ts'
