/** Real servers for trying and testing. Never published. */
export { findJava, findProgram } from './java.ts'
export { versions } from './settings.ts'
export { type Stack, startStack } from './stack.ts'
export type { RestartableServer } from './types.ts'
