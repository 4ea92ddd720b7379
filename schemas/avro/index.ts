/** Avro: the model of a schema, its codecs, and the values that fit it. */
export { AvroType, avroType, type Decode, malformed, writerType } from './avro-type.ts'
export { blockOf, Cursor, compileReader, compileUnwrap, sameMeaning } from './codec/index.ts'
export { maxDecimalDigits, unscaledOfBytes } from './decimal.ts'
export { ExactNumber, parseExactJson } from './exact-json.ts'
export { shortestFloat } from './float.ts'
export { isContainer, maxDepth, maxEmptyItems, mayNestTooDeep, takesNoBytes } from './limits.ts'
export { isLogicalName, type Logical, logicalHomesOf, logicalOf } from './logical.ts'
export {
  branchName,
  type EnumNode,
  type FieldNode,
  isAmbiguous,
  type RecordNode,
  type SchemaNode,
  shapeOf,
  type UnionNode
} from './model.ts'
export { isSimpleName, parseSchema } from './parse.ts'
export type { AvroRecord, AvroSchema } from './schema.ts'
export { nanosOf, occurredAtFault, type TimeUnit, timeUnitOf, unitsOfText } from './times.ts'
export {
  type Complete,
  compileCompleter,
  digitsInWords,
  type LeafNode,
  leafCompleter,
  Refusal,
  uuidOf
} from './values/index.ts'
export { localName, typeInWords } from './words.ts'
