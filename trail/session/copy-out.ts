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
/** Bytes that are enough for the rest of most rows. */
const firstJoined = 1024

/**
 * Reads the rows of a query, for many: they never become text or objects of JavaScript.
 * @param query with its values in it, of at most 16 columns
 * @throws a database error
 */
export async function copyOut(client: SessionQueries, query: string, taker: RowTaker): Promise<void> {
  const stream = client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`))
  const places = new Int32Array(2 * mostColumns)
  /** The header, or a row, as far as it has come. */
  let begin: Buffer = Buffer.alloc(0)
  let begun = false
  for await (let chunk of stream as AsyncIterable<Buffer>) {
    let at = 0
    if (!begun) {
      begin = Buffer.concat([begin, chunk])
      if (begin.length < copyHeader.length) continue
      begun = true
      chunk = begin.subarray(copyHeader.length)
    } else if (begin.length > 0) {
      const cut = joined(begin, chunk, places)
      if (cut.end < 0) {
        begin = cut.bytes
        continue
      }
      taker.take(cut.bytes, places)
      at = cut.end - begin.length
    }
    for (let end = place(chunk, at, places); end >= 0; end = place(chunk, at, places)) {
      taker.take(chunk, places)
      at = end
    }
    begin = Buffer.from(chunk.subarray(at))
    await taker.keepUp()
  }
}

/**
 * The begin of a row with as much of the next chunk as it needs: a copy of all of it would be a third of the memory that
 * is garbage while rows are read. `end` is -1 where the chunk does not have it.
 */
function joined(begin: Buffer, chunk: Buffer, places: Int32Array): { readonly bytes: Buffer; readonly end: number } {
  for (let more = firstJoined; ; more *= 4) {
    const bytes = Buffer.concat([begin, chunk.subarray(0, more)])
    const end = place(bytes, 0, places)
    if (end >= 0 || more >= chunk.length) return { bytes, end }
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
