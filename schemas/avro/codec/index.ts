/** Compiled readers and writers of Avro's binary encoding. */
export { Cursor, MalformedAvro, type Read } from './cursor.ts'
export { blockOf, compileReader } from './reader.ts'
export { sameMeaning } from './resolve.ts'
export { compileUnwrap } from './union.ts'
export { compileWriter, Output, type Write } from './writer.ts'
