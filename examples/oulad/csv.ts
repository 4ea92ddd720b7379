import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { UsageError } from '../../core/index.ts'
import type { Row } from './events.ts'

export interface NumberedRow {
  readonly row: Row
  /** Line of the file on which the row ends, from 1. */
  readonly line: number
}

/** The file of a table in a folder: `<table>.csv` or `<table>.csv.gz`. @throws UsageError */
export function tableFile(folder: string, table: string): string {
  const found = [`${table}.csv`, `${table}.csv.gz`].find(name => existsSync(join(folder, name)))
  if (found) return join(folder, found)
  throw new UsageError(`There is no ${table}.csv or ${table}.csv.gz in ${folder}`)
}

/**
 * The rows of a CSV file whose first line names the columns, one after the other, however large it is.
 * @throws UsageError when a column is missing or the file is no CSV
 */
export async function* readRows(file: string, columns: readonly string[]): AsyncGenerator<NumberedRow> {
  const parser = parse({ columns: true, info: true, bom: true, skip_empty_lines: true, max_record_size: 1024 * 1024 })
  const source = createReadStream(file)
  const whenDone = (): undefined => undefined
  if (file.endsWith('.gz')) pipeline(source, createGunzip(), parser, whenDone)
  else pipeline(source, parser, whenDone)
  let checked = false
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      if (!checked) {
        const missing = columns.filter(column => !(column in record))
        if (missing.length > 0) throw new UsageError(`${file} has no column ${missing.join(', ')}`)
        checked = true
      }
      yield { row: record, line: info.lines }
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    // The parser's message quotes the row.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new UsageError(`${file} cannot be read as CSV (${code})`)
  } finally {
    source.destroy()
  }
}
