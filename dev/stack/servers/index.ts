/** The servers themselves: how each is installed, set up, started and asked. */
export { findJava, type Java } from './java.ts'
export { kafkaPlan } from './kafka.ts'
export { ensureParts, type Parts } from './parts.ts'
export { checkPostgres, databaseUrl, postgresPlan } from './postgres.ts'
export { registryPlan } from './registry.ts'
export { Server, type ServerOptions } from './server.ts'
export { registryPath, versions } from './settings.ts'
