import { to as copyTo } from 'pg-copy-streams'
import type { SessionQueries } from '../../postgres/index.ts'
import { copyHeader } from '../rows/index.ts'

/** Takes rows as Postgres sends them, in binary. */
export interface RowTaker {
  /**
   * @param bytes with the row; they are the caller's until this returns
   * @param at where each column begins and ends in them, in turns; it ends at -1 where it is null
   */
  take(bytes: Buffer, at: Int32Array): void
  /** Called after some rows: the next ones are read once it resolves. */
  keepUp(): Promise<void>
}

const countBytes = 2
const lengthBytes = 4
const mostColumns = 16

/**
 * Reads the rows of a query, for many: they never become text or objects of JavaScript.
 * @param query with its values in it, of at most 16 columns
 * @throws a database error
 */
export async function copyOut(client: SessionQueries, query: string, taker: RowTaker): Promise<void> {
  const stream = client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`))
  const places = new Int32Array(2 * mostColumns)
  let rest: Buffer = Buffer.alloc(0)
  let begun = false
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    if (!begun && bytes.length >= copyHeader.length) {
      begun = true
      at = copyHeader.length
    }
    for (let end = begun ? place(bytes, at, places) : -1; end >= 0; end = place(bytes, at, places)) {
      taker.take(bytes, places)
      at = end
    }
    rest = bytes.subarray(at)
    await taker.keepUp()
  }
}

/** Finds the columns of the row that begins at `start`. @returns where it ends; -1 where it is not whole, or the end of all */
function place(bytes: Buffer, start: number, places: Int32Array): number {
  let at = start + countBytes
  if (at > bytes.length) return -1
  const columns = bytes.readInt16BE(start)
  if (columns < 0) return -1
  for (let column = 0; column < columns; column += 1) {
    if (at + lengthBytes > bytes.length) return -1
    const length = bytes.readInt32BE(at)
    at += lengthBytes
    places[2 * column] = at
    at += Math.max(0, length)
    places[2 * column + 1] = length < 0 ? -1 : at
  }
  return at > bytes.length ? -1 : at
}
