/** Schemas of events: what may be published, how it looks on the wire, and how it may change. */
export { AvroType, avroType, writerType } from './avro/avro-type.ts'
export { Cursor } from './avro/codec/cursor.ts'
export { blockOf, compileReader } from './avro/codec/reader.ts'
export { compileUnwrap } from './avro/codec/union.ts'
export { ExactNumber, parseExactJson } from './avro/exact-json.ts'
export { shortestFloat } from './avro/float.ts'
export { isContainer, maxDepth, maxEmptyItems, mayNestTooDeep, takesNoBytes } from './avro/limits.ts'
export type { SchemaNode, UnionNode } from './avro/model.ts'
export { nanosOf, occurredAtFault } from './avro/times.ts'
export { uuidOf } from './avro/values/leaves.ts'
export {
  type BadgeAwarded,
  catalogue,
  type Events,
  type LessonPublished,
  type LessonPublishedInput,
  type QuizSubmitted
} from './catalogue/events.ts'
export { checkEvolution, type EvolutionProblem } from './check/evolution.ts'
export { type CatalogueData, catalogueOf } from './compile-catalogue.ts'
export { composeEnvelope, envelopeFault, eventNameOf, eventNamePattern, isOccurredAt } from './envelope.ts'
export { RegistryError, type RegistryErrorCode, SchemaError, type SchemaErrorCode } from './errors.ts'
export { type GenerateOptions, generateTypes } from './generate.ts'
export { loadCatalogue } from './load.ts'
export { completePayload, payloadFromJson, validatePayload } from './payload.ts'
export {
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions
} from './registry/registry.ts'
export type { SubjectList } from './registry/subjects.ts'
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
export {
  decodeEnvelope,
  type EnvelopeInput,
  encodeEnvelope,
  envelopeReader,
  readSchemaId,
  schemaIdWithin
} from './wire.ts'
