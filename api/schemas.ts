/** Schemas of events: what may be published, how it looks on the wire, and how it may change. */
export { AvroType, avroType, writerType } from '../schemas/avro/avro-type.ts'
export { Cursor } from '../schemas/avro/codec/cursor.ts'
export { blockOf, compileReader } from '../schemas/avro/codec/reader.ts'
export { compileUnwrap } from '../schemas/avro/codec/union.ts'
export { ExactNumber, parseExactJson } from '../schemas/avro/exact-json.ts'
export { shortestFloat } from '../schemas/avro/float.ts'
export { isContainer, maxDepth, maxEmptyItems, mayNestTooDeep, takesNoBytes } from '../schemas/avro/limits.ts'
export type { SchemaNode, UnionNode } from '../schemas/avro/model.ts'
export { nanosOf, occurredAtFault } from '../schemas/avro/times.ts'
export { uuidOf } from '../schemas/avro/values/leaves.ts'
export {
  type BadgeAwarded,
  catalogue,
  type Events,
  type LessonPublished,
  type LessonPublishedInput,
  type QuizSubmitted
} from '../schemas/catalogue/events.ts'
export { checkEvolution, type EvolutionProblem } from '../schemas/check/evolution.ts'
export { type CatalogueData, catalogueOf } from '../schemas/compile-catalogue.ts'
export { composeEnvelope, envelopeFault, eventNameOf, eventNamePattern, isOccurredAt } from '../schemas/envelope.ts'
export { RegistryError, type RegistryErrorCode, SchemaError, type SchemaErrorCode } from '../schemas/errors.ts'
export { type GenerateOptions, generateTypes } from '../schemas/generate.ts'
export { loadCatalogue } from '../schemas/load.ts'
export { completePayload, payloadFromJson, validatePayload } from '../schemas/payload.ts'
export {
  createRegistry,
  type Registered,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions
} from '../schemas/registry/registry.ts'
export type { SubjectList } from '../schemas/registry/subjects.ts'
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
} from '../schemas/types.ts'
export {
  decodeEnvelope,
  type EnvelopeInput,
  encodeEnvelope,
  envelopeReader,
  readSchemaId,
  schemaIdWithin
} from '../schemas/wire.ts'
