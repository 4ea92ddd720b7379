/** What `schemas check` looks for: evolution, defaults, logical types, other readers. */
export { checkEvolution, type EvolutionProblem } from './evolution.ts'
export { logicalWarnings } from './logical-warnings.ts'
export { portabilityWarnings } from './portability.ts'
export { readerFaults } from './readers.ts'
export { eventNameFault, versionFaults } from './rules.ts'
export { unknownAttributes } from './unknown-attributes.ts'
