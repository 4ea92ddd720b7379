/** Schemas of events: what may be published, how it is encoded, and how it may change. */
export {
  type AvroRecord,
  type AvroSchema,
  AvroType,
  avroType,
  blockOf,
  Cursor,
  compileReader,
  compileUnwrap,
  ExactNumber,
  isContainer,
  maxDepth,
  maxEmptyItems,
  mayNestTooDeep,
  nanosOf,
  occurredAtFault,
  parseExactJson,
  parseSchema,
  type SchemaNode,
  shortestFloat,
  takesNoBytes,
  typeInWords,
  type UnionNode,
  uuidOf,
  writerType
} from './avro/index.ts'
export {
  checkEvolution,
  type EvolutionProblem,
  logicalWarnings,
  portabilityWarnings,
  readerFaults,
  unknownAttributes
} from './check/index.ts'
export { type CatalogueData, catalogueOf, writtenVersion } from './compile-catalogue.ts'
export { composeEnvelope, envelopeFault, eventNameOf, eventNamePattern, isOccurredAt, namespaceOf } from './envelope.ts'
export {
  isRegistryRefusal,
  RegistryError,
  type RegistryErrorCode,
  registryErrorCodes,
  SchemaError,
  type SchemaErrorCode,
  schemaErrorCodes
} from './errors.ts'
export { causedBy, currentContext, type EventContext, eachInContext, inContext, withContext } from './event-context.ts'
export { aggregatePath, type FieldMeaning, nodesAt, pathAtStart, type Step, stepsOf } from './fields/index.ts'
export { type GenerateOptions, generateTypes } from './generation/index.ts'
export { inspectFolder, loadCatalogue } from './load.ts'
export { catalogueRule } from './options.ts'
export { completePayload, payloadFromJson, validatePayload } from './payload.ts'
export {
  checkAgainstRegistry,
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registration,
  type Registry,
  type RegistryAuth,
  type RegistryConnection,
  type RegistryOptions,
  type RegistrySettings,
  type RegistryTls,
  registerCatalogue,
  registryConnection,
  registryFromEnvironment,
  registryRules,
  registrySettings,
  type SubjectList
} from './registry/index.ts'
export { renderJson, storedTime } from './rendering/index.ts'
export { schemaSettings } from './settings.ts'
export type { Catalogue, Envelope, EnvelopeOf, EventMap, EventName, EventTypes, EventVersion } from './types.ts'
export {
  actorHint,
  isWho,
  tracestateRule,
  type Who,
  type WhoName,
  whoNames,
  whoRules
} from './who.ts'
export {
  decodeEnvelope,
  type EnvelopeInput,
  encodeEnvelope,
  envelopeReader,
  readSchemaId,
  renumberEnvelope,
  schemaIdWithin
} from './wire.ts'
