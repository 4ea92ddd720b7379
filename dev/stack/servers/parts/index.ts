/** The servers on disk: each version in a folder of its own, downloaded once and held against what was downloaded before. */
export { ensureJava } from './jdk.ts'
export {
  ensureKafka,
  ensureOpenSearch,
  ensureRegistry,
  type KafkaParts,
  type MavenOptions,
  type RegistryParts
} from './maven.ts'
export { ensurePostgres, installedPostgres } from './postgres.ts'
