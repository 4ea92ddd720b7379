/** Real servers for trying and testing. Never published. */
export { findProgram } from './processes.ts'
export { type SecuredBroker, type SecuredOptions, startSecuredBroker } from './secured.ts'
export { findJava, versions } from './servers/index.ts'
export { type Stack, startStack } from './stack.ts'
export type { RestartableServer } from './types.ts'
