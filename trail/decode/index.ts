/** From a record's bytes to a row, with the schemas that the trail keeps. */
export { type Decoded, Decoder, type NeedsSchemas, type RecordBytes, refusalOf, type Schemas } from './decoder.ts'
export { SchemaBook } from './schema-book.ts'
