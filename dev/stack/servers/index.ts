/** The servers themselves: how each is installed, set up, started and asked. */
export { findJava, type Java } from './java.ts'
export { kafkaPlan } from './kafka.ts'
export { openSearchPlan } from './opensearch.ts'
export {
  ensureJava,
  ensureKafka,
  ensureOpenSearch,
  ensurePostgres,
  ensureRegistry,
  installedPostgres,
  type KafkaParts,
  type MavenOptions,
  type RegistryParts
} from './parts/index.ts'
export { baseIn, databaseUrl, postgresPlan } from './postgres.ts'
export { registryPlan } from './registry.ts'
export { Server, type ServerOptions } from './server.ts'
export { database, openSearchVersion, registryPath, versions } from './settings.ts'
export {
  areUsual,
  chosenVersions,
  javaForRegistry,
  versionsInWords,
  versionVariable
} from './versions.ts'
