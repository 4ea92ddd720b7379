/** The client of the schema registry, and registering a catalogue. */
export { type RegistrySettings, registryConnection, registryFromEnvironment } from './environment.ts'
export {
  type RegistryAuth,
  type RegistryConnection,
  type RegistryTls,
  registryRules
} from './options.ts'
export { checkAgainstRegistry, type Registration, registerCatalogue } from './register.ts'
export {
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions
} from './registry.ts'
export { registrySettings } from './settings.ts'
export type { SubjectList } from './subjects.ts'
