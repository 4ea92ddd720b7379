import { zstdCompressSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import type { ParquetColumn, ParquetType, ParquetValue } from './column.ts'
import { loadWriter } from './libraries.ts'

/** Takes the bytes of a file, one call after the other. */
export interface ByteSink {
  /** Resolves when more can be taken; the bytes are the caller's again then. */
  write(bytes: Uint8Array): Promise<void>
}

/** Writes one Parquet file. Not for several callers at a time: await each call. */
export interface ParquetWriter {
  /** @param row its cells, in the order of the columns */
  write(row: readonly ParquetValue[]): Promise<void>
  /**
   * Ends the file. The sink stays open: to close it is for its owner.
   * @param metadata texts that go into its footer
   * @returns rows and bytes of the file
   */
  finish(metadata?: Readonly<Record<string, string>>): Promise<{ readonly rows: number; readonly bytes: number }>
}

/** Rows and letters of a row group: what a reader holds at once, and the writer too. */
const rowsOfGroup = 20_000
const lettersOfGroup = 8 * 1_048_576

/**
 * Begins a Parquet file: zstd, one page index, statistics of each column. It loads hyparquet-writer, an optional peer.
 * @param columns at least one
 * @param sink is handed a row group at a time, of 20,000 rows or about 8 MiB of text
 * @throws ConfigError `CONFIG_MISSING` where hyparquet-writer is not installed; what the sink throws
 */
export async function parquetWriter(columns: readonly ParquetColumn[], sink: ByteSink): Promise<ParquetWriter> {
  const { ByteWriter, ParquetWriter: Encoder } = await loadWriter()
  const bytes = new ByteWriter()
  const encoder = new Encoder({
    writer: bytes,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
    codec: 'ZSTD',
    compressors: { ZSTD: page => zstdCompressSync(page) },
    createdBy: 'eventtrail'
  })
  let cells: ParquetValue[][] = columns.map(() => [])
  let letters = 0
  let rows = 0

  const flush = async () => {
    await sink.write(new Uint8Array(bytes.buffer, 0, bytes.index))
    bytes.index = 0
  }
  const endGroup = async () => {
    const [first = []] = cells
    if (first.length === 0) return
    const data = columns.map(({ name, distinct }, index) => ({
      name,
      data: cells[index] ?? [],
      ...(distinct && { encoding: 'PLAIN' as const })
    }))
    await encoder.write({ columnData: data, rowGroupSize: rowsOfGroup })
    cells = columns.map(() => [])
    letters = 0
    await flush()
  }

  return {
    async write(row) {
      for (const [index, column] of cells.entries()) {
        const value = row[index] ?? null
        column.push(value)
        if (typeof value === 'string') letters += value.length
      }
      rows += 1
      if ((cells[0]?.length ?? 0) >= rowsOfGroup || letters >= lettersOfGroup) await endGroup()
    },
    async finish(metadata = {}) {
      await endGroup()
      encoder.kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }))
      await encoder.finish()
      await flush()
      return { rows, bytes: bytes.offset }
    }
  }
}

// The older annotation goes with the newer one: some readers know one of them alone.
const annotations: Readonly<Record<ParquetType, Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  boolean: { type: 'BOOLEAN' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }
  }
}

const elementOf = ({ name, type, nullable = false }: ParquetColumn): SchemaElement => ({
  name,
  repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
  ...annotations[type]
})
