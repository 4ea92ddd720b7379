/** The client of the schema registry, and registering a catalogue. */
export { type Registration, checkAgainstRegistry, registerCatalogue } from './register.ts'
export { type Registered, type RegisteredSchema, type Registry, type RegistryOptions, createRegistry } from './registry.ts'
export type { SubjectList } from './subjects.ts'
