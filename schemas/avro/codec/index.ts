/** Compiled readers and writers of Avro's binary encoding. */
export { Cursor, MalformedAvro } from './cursor.ts'
export type { Read } from './read.ts'
export { blockOf, compileReader } from './reader.ts'
export { sameMeaning } from './resolve.ts'
export { compileUnwrap } from './union.ts'
export { compileWriter, Output, type Write } from './writer.ts'
