import type { FoundRow } from '../../../trail/index.ts'

/** Takes the bytes of a file, one call after the other. */
export interface Sink {
  /** Resolves when more can be taken; the bytes are the caller's again then. */
  write(bytes: Buffer): Promise<void>
}

/** Writes the rows of one file. */
export interface RowWriter {
  write(rows: readonly FoundRow[]): Promise<void>
  /** Writes what comes after the last row. */
  end(): Promise<void>
}

/** Begins a file. */
export type RowFormat = (sink: Sink) => Promise<RowWriter>

/** The text of a file, row by row. */
export interface TextFormat {
  /** What comes before the first row. */
  readonly head: string
  /** A row, with the end of its line. */
  line(row: FoundRow): string
}

/** The columns of a file, in this order, by the names that they have in the trail. */
const columns = [
  'id',
  'aggregate_id',
  'occurred_at',
  'event_name',
  'payload',
  'schema_version',
  'source',
  'actor',
  'traceparent',
  'kafka_partition',
  'kafka_offset',
  'recorded_at'
] as const satisfies readonly (keyof FoundRow)[]

/** A file of lines. */
export const textFile =
  ({ head, line }: TextFormat): RowFormat =>
  async sink => {
    // Used again for each page: it is written before the next one begins.
    let buffer = Buffer.allocUnsafe(1 << 20)
    const write = async (text: string) => {
      const length = Buffer.byteLength(text)
      if (length > buffer.length) buffer = Buffer.allocUnsafe(length * 2)
      buffer.write(text)
      await sink.write(buffer.subarray(0, length))
    }
    if (head !== '') await write(head)
    return { write: rows => write(rows.map(line).join('')), end: async () => undefined }
  }

/** RFC 4180: fields in quotes where they need them, lines that end in CR LF, a head with the names. */
export const csv: TextFormat = {
  head: `${columns.join(',')}\r\n`,
  line: row => `${columns.map(name => csvField(row[name])).join(',')}\r\n`
}

// What Excel, LibreOffice and Google Sheets take for the begin of a formula (OWASP ASVS 1.2.10).
const formula = /^[=+\-@\t\r\n\0＝＋－＠]/
const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const special = /[",\r\n]/

/** A text that a spreadsheet would compute gets an apostrophe first; a number is none. */
export function csvField(value: string | number | null): string {
  if (value === null) return ''
  // A null is empty, and a text without letters is not.
  if (value === '') return '""'
  const text = String(value)
  const safe = formula.test(text) && !number.test(text) ? `'${text}` : text
  return special.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
