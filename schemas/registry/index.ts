/** The client of the schema registry, and registering a catalogue. */
export { checkAgainstRegistry, type Registration, registerCatalogue } from './register.ts'
export {
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions
} from './registry.ts'
export type { SubjectList } from './subjects.ts'
