import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { leafOf, rowColumns } from '../../../proof/index.ts'
import { copyHeader, copyTrailer } from '../../../trail/rows/index.ts'

/** The leaf of a row that is stored: in base64, of the bytes that binary COPY gives. */
export async function copiedLeaf(databaseUrl: string, id: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const query = `SELECT ${rowColumns.join(', ')} FROM event_envelopes WHERE id = '${id}'`
    const bytes = await buffer(client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`)))
    return leafOf(bytes.subarray(copyHeader.length, bytes.length - copyTrailer.length)).toString('base64')
  } finally {
    await client.end()
  }
}
