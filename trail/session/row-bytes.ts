import { rowIdKey } from '../rows/index.ts'
import type { RowBytes } from '../types.ts'

/** The key of a row's id, for maps. */
export const rowKeyOf = ({ buffer, start }: RowBytes): string => rowIdKey(buffer.bytes, start)

/** The bytes of rows; those of neighbours are one piece. */
export function piecesOf(rows: readonly RowBytes[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let first = 0; first < rows.length; ) {
    const { buffer, start, end } = rows[first] as RowBytes
    let next = first + 1
    let pieceEnd = end
    for (let row = rows[next]; row?.buffer === buffer && row.start === pieceEnd; row = rows[next]) {
      pieceEnd = row.end
      next += 1
    }
    pieces.push(buffer.bytes.subarray(start, pieceEnd))
    first = next
  }
  return pieces
}

/** Bytes of the rows of one query to Postgres: the query takes several times as much memory. */
const askedAtOnce = 4 * 1024 * 1024

/** Rows in portions that are small enough for one query each. */
export function portionsOf<R extends RowBytes>(rows: readonly R[]): R[][] {
  const portions: R[][] = []
  let bytes = askedAtOnce
  for (const row of rows) {
    if (bytes >= askedAtOnce) {
      portions.push([])
      bytes = 0
    }
    portions.at(-1)?.push(row)
    bytes += row.end - row.start
  }
  return portions
}

/** Items that pass the test, and the others. */
export function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = []
  const no: T[] = []
  for (const item of items) (test(item) ? yes : no).push(item)
  return [yes, no]
}
