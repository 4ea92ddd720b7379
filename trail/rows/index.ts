/** The row of an event as bytes of binary COPY, straight from Avro. */
export { CopyBuffer } from './copy-buffer.ts'
export {
  copyColumns,
  copyHeader,
  copyTrailer,
  eventNameOfRow,
  idTimeOf,
  jsonbVersion,
  offsetOfRow,
  postgresEpoch,
  readRow,
  readRowId,
  refusedByPostgres,
  rowEnd,
  rowIdArray,
  rowIdKey,
  type TrailRow,
  timestampText,
  withoutPayload
} from './copy-row.ts'
export { digestOf } from './digest.ts'
export { compileRowEncoder, type RowEncoder, VersionMismatch } from './row-encoder.ts'
export { uuidLength } from './uuid.ts'
export { WhoHeaders } from './who-headers.ts'
