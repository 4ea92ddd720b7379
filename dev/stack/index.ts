/** Real servers for trying and testing. Never published. */
export { postgresBinaries } from './embedded.ts'
export { startOpenSearch } from './opensearch.ts'
export { findProgram } from './processes.ts'
export { type SecuredBroker, startSecuredBroker } from './secured.ts'
export { chosenVersions, findJava, versions, versionsInWords, versionVariable } from './servers/index.ts'
export { type Stack, startStack } from './stack.ts'
export type { RestartableServer, Versions } from './types.ts'
