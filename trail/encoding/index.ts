/** From a record's bytes to a row, with the schemas that the trail keeps. */
export { encodeAgain } from './encode-again.ts'
export { type EncodedPage, encodeUnlessCorrupt, PageEncoder, type Schemas } from './page-encoder.ts'
export { SchemaBook } from './schema-book.ts'
