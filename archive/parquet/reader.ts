import { zstdDecompressSync } from 'node:zlib'
import type { ParquetValue } from './column.ts'
import { loadReader } from './libraries.ts'

/** A file that is read by ranges. */
export interface ByteSource {
  /** Its length. */
  readonly bytes: number
  /** The bytes from `start` up to, and without, `end`. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** A Parquet file. */
export interface ParquetFile {
  readonly rows: number
  /** Names of its columns, in their order. */
  readonly columns: readonly string[]
  /** The texts of its footer. */
  readonly metadata: ReadonlyMap<string, string>
  /** Its rows, a row group at a time, as they were written. */
  read(): AsyncGenerator<readonly (readonly ParquetValue[])[]>
}

/**
 * Opens a Parquet file. It loads hyparquet, an optional peer.
 * @throws ConfigError `CONFIG_MISSING` where hyparquet is not installed; what the source throws; an error of hyparquet
 *   where the file is no Parquet
 */
export async function parquetFile(source: ByteSource): Promise<ParquetFile> {
  const { parquetMetadataAsync, parquetReadObjects } = await loadReader()
  const file = {
    byteLength: source.bytes,
    async slice(start: number, end = source.bytes) {
      const bytes = await source.read(start, end)
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    }
  }
  const metadata = await parquetMetadataAsync(file)
  const columns = metadata.schema.slice(1).map(({ name }) => name)
  // Timestamps as they are in the file: µs, which a Date does not have.
  const parsers = { timestampFromMicroseconds: (micros: bigint) => micros }
  const compressors = {
    ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input))
  }
  return {
    rows: Number(metadata.num_rows),
    columns,
    metadata: new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    async *read() {
      let start = 0
      for (const group of metadata.row_groups) {
        const end = start + Number(group.num_rows)
        const options = { file, metadata, parsers, compressors, rowStart: start, rowEnd: end }
        const objects = (await parquetReadObjects(options)) as Record<string, ParquetValue>[]
        yield objects.map(row => columns.map(name => row[name] ?? null))
        start = end
      }
    }
  }
}
