/** Schemas of events: what may be published, how it looks on the wire, and how it may change. */
export { AvroType, avroType, writerType } from './avro.ts'
export { type CatalogueData, catalogueOf } from './catalogue.ts'
export { Cursor } from './cursor.ts'
export { composeEnvelope, envelopeFault, eventNameOf, eventNamePattern, isOccurredAt } from './envelope.ts'
export { RegistryError, type RegistryErrorCode, SchemaError, type SchemaErrorCode } from './errors.ts'
export { checkEvolution, type EvolutionProblem } from './evolution.ts'
export { ExactNumber, parseExactJson } from './exact-json.ts'
export { shortestFloat } from './float.ts'
export { type GenerateOptions, generateTypes } from './generate.ts'
export {
  type BadgeAwarded,
  catalogue,
  type Events,
  type LessonPublished,
  type LessonPublishedInput,
  type QuizSubmitted
} from './generated/events.ts'
export { uuidOf } from './leaves.ts'
export { isContainer, maxDepth, maxEmptyItems, mayNestTooDeep, takesNoBytes } from './limits.ts'
export { loadCatalogue } from './load.ts'
export type { SchemaNode, UnionNode } from './model.ts'
export { completePayload, payloadFromJson, validatePayload } from './payload.ts'
export { blockOf, compileReader } from './reader.ts'
export {
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions
} from './registry.ts'
export type { SubjectList } from './subjects.ts'
export { nanosOf, occurredAtFault } from './times.ts'
export type {
  AvroRecord,
  AvroSchema,
  Catalogue,
  Envelope,
  EnvelopeOf,
  EventMap,
  EventName,
  EventTypes,
  EventVersion
} from './types.ts'
export { compileUnwrap } from './union.ts'
export {
  decodeEnvelope,
  type EnvelopeInput,
  encodeEnvelope,
  envelopeReader,
  readSchemaId,
  schemaIdWithin
} from './wire.ts'
