import { rowColumns } from '../../proof/index.ts'
import type { Snapshot } from '../../trail/index.ts'
import type { BundleFolder, BundleWriter } from './folder.ts'
import type { Span } from './log.ts'

/** What is known of a row before it is written. */
export interface WrittenRow {
  readonly id: string
  readonly aggregateId: string
  readonly eventName: string
  /** JSON; composed when it is asked for. */
  readonly payload: () => string
}

export interface RowParts {
  readonly snapshot: Snapshot
  readonly folder: BundleFolder
  /** Rows that were recorded between these times alone; default all. */
  readonly span?: Span | undefined
  /** Called with each row before it is written. */
  readonly onRow: (row: WrittenRow) => void
  /** Called after some rows; a rejection ends the work. */
  readonly keepUp: (rows: number) => Promise<void>
}

const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const end = Buffer.of(0xff, 0xff)
// Before the first column: how many there are, and the length of the first.
const beforeFirst = 6
const pieceBytes = 1 << 18
const fileBytes = 64 * (1 << 20)
const columns = rowColumns.length + 1

/** Writes rows as Postgres sends them, into files of 64 MiB. @returns how many @throws UsageError; a database error */
export async function writeRows({ snapshot, folder, span, onRow, keepUp }: RowParts): Promise<number> {
  const between = span ? ` WHERE recorded_at BETWEEN '${span.first}' AND '${span.last}'` : ''
  let piece = Buffer.allocUnsafe(2 * pieceBytes)
  let [filled, rows, number] = [0, 0, 0]
  let file: BundleWriter | undefined
  const next = async (): Promise<BundleWriter> => {
    number += 1
    const begun = await folder.file(`rows/${String(number).padStart(6, '0')}.copy`)
    await begun.write(head)
    return begun
  }
  const close = async () => {
    await file?.write(end)
    await file?.end()
    file = undefined
  }
  const writePiece = async () => {
    file ??= await next()
    await file.write(piece.subarray(0, filled))
    filled = 0
    if (file.bytes > fileBytes) await close()
  }
  await snapshot.copyOut(`SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes${between}`, {
    take(bytes, at) {
      onRow(rowAt(bytes, at))
      rows += 1
      const [from, to] = [(at[0] as number) - beforeFirst, at[2 * columns - 1] as number]
      const wanted = filled + to - from
      if (wanted > piece.length) piece = Buffer.concat([piece], 2 * wanted)
      filled += bytes.copy(piece, filled, from, to)
    },
    keepUp: async () => {
      if (filled < pieceBytes) return
      await writePiece()
      await keepUp(rows)
    }
  })
  await writePiece()
  await close()
  return rows
}

function rowAt(bytes: Buffer, at: Int32Array): WrittenRow {
  const text = (column: number, from = 0): string =>
    bytes.toString('utf8', (at[2 * column] as number) + from, at[2 * column + 1])
  return {
    id: uuidAt(bytes, at[0] as number),
    aggregateId: uuidAt(bytes, at[2] as number),
    eventName: text(3),
    // After the version of jsonb.
    payload: () => text(4, 1)
  }
}

function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
