/** Parquet files: written and read with types that every reader has. */
export type { ParquetColumn, ParquetValue } from './column.ts'
export { type ByteSource, parquetFile } from './reader.ts'
export { type ByteSink, type ParquetWriter, parquetWriter } from './writer.ts'
