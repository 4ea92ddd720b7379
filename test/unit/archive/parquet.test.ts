import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ByteSink,
  type ByteSource,
  type ParquetColumn,
  type ParquetValue,
  type ParquetWriter,
  parquetFile,
  parquetWriter
} from '../../../archive/index.ts'
import { anyText, runs } from '../../support/properties.ts'

const columns: readonly ParquetColumn[] = [
  { name: 'id', type: 'text', distinct: true },
  { name: 'note', type: 'text', nullable: true },
  { name: 'flag', type: 'boolean', nullable: true },
  { name: 'version', type: 'int32' },
  { name: 'offset', type: 'int64', nullable: true },
  { name: 'ratio', type: 'double', nullable: true },
  { name: 'at', type: 'timestamp' }
]

/** A file in memory, in the pieces that the writer handed over. */
function memoryFile(): ByteSink & { readonly pieces: readonly Buffer[]; source(): ByteSource } {
  const pieces: Buffer[] = []
  return {
    pieces,
    // Copied: the writer takes its buffer back.
    write: async (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes)),
    source() {
      const all = Buffer.concat(pieces)
      return { bytes: all.length, read: async (start: number, end: number) => all.subarray(start, end) }
    }
  }
}

async function written(rows: readonly (readonly ParquetValue[])[], metadata: Readonly<Record<string, string>> = {}) {
  const memory = memoryFile()
  const writer: ParquetWriter = await parquetWriter(columns, memory)
  for (const row of rows) await writer.write(row)
  const ended = await writer.finish(metadata)
  const file = await parquetFile(memory.source())
  const groups: (readonly (readonly ParquetValue[])[])[] = []
  for await (const group of file.read()) groups.push(group)
  return { memory, ended, file, groups, back: groups.flat() }
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const text = anyText({ maxLength: 20 })
const row = fc.tuple(
  fc.uuid(),
  fc.option(text),
  fc.option(fc.boolean()),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.option(int64),
  fc.option(fc.double({ noNaN: true })),
  int64
)

test('what is written is read, each value and null, with the texts of the footer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 50 }),
      fc.dictionary(fc.constantFrom('ledger', 'digest'), text),
      async (rows, metadata) => {
        const { ended, file, back, memory } = await written(rows, metadata)
        expect(back).toEqual(rows)
        expect(file.columns).toEqual(columns.map(({ name }) => name))
        expect(Object.fromEntries(file.metadata)).toEqual(metadata)
        expect(file.rows).toBe(rows.length)
        expect(ended).toEqual({ rows: rows.length, bytes: memory.source().bytes })
      }
    ),
    { numRuns: runs(100) }
  )
})

test('a file of many rows is handed over in row groups, by rows and by letters', async () => {
  const many = Array.from({ length: 20_001 }, (_, n) => [`${n}`, null, null, n, BigInt(n), n / 2, BigInt(n)])
  const byRows = await written(many)
  expect(byRows.groups.map(({ length }) => length)).toEqual([20_000, 1])
  expect(byRows.back).toEqual(many)
  // A piece for each group, and one for the footer.
  expect(byRows.memory.pieces).toHaveLength(3)

  const long = 'x'.repeat(5 * 1_048_576)
  const byLetters = await written([1, 2, 3].map(n => [`${n}`, long, true, n, null, null, 0n]))
  expect(byLetters.groups.map(({ length }) => length)).toEqual([2, 1])
})

test('a value of another type, and bytes that are no Parquet, are refused', async () => {
  await expect(written([['id', null, null, 1, 5, null, 0n]])).rejects.toThrow()
  const text = Buffer.from('no Parquet at all, and long enough to have a footer')
  const source = { bytes: text.length, read: async (start: number, end: number) => text.subarray(start, end) }
  await expect(parquetFile(source)).rejects.toThrow()
})
