import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import {
  bundlePath,
  composeBundle,
  composeCheckpoint,
  composeNote,
  composeTile,
  cosign,
  entryHash,
  logRoot,
  newTiles,
  readerOf,
  signText,
  tilePath
} from '../../../proof/index.ts'
import { testOrigin, testParties } from './parties.ts'

/** Gives all entries that have none a place in the log, in the order of their numbers; open ones end here. */
export async function sealEntries(client: pg.PoolClient): Promise<readonly string[]> {
  await client.query(
    `WITH sealed AS (SELECT count(log_index) AS n FROM proof_entries),
       fresh AS (
         SELECT number, row_number() OVER (ORDER BY number) - 1 AS place FROM proof_entries
         WHERE log_index IS NULL AND rejected IS NULL
       )
     UPDATE proof_entries e SET log_index = sealed.n + fresh.place, open = false FROM sealed, fresh
     WHERE e.number = fresh.number`
  )
  const { rows } = await client.query<{ entry: string }>(
    'SELECT entry FROM proof_entries WHERE log_index IS NOT NULL ORDER BY log_index'
  )
  return rows.map(({ entry }) => entry)
}

/** The checkpoint of these entries, signed by the log and by the witness. @param time of the cosignature, s since 1970 */
export function sealedCheckpoint(entries: readonly string[], time: number): string {
  const read = readerOf(entries.map(entry => entryHash(Buffer.from(entry))))
  const text = composeCheckpoint({ origin: testOrigin, size: entries.length, root: logRoot(entries.length, read) })
  return composeNote({ text, signatures: [signText(text, testParties.log), cosign(text, testParties.witness, time)] })
}

/** Writes tiles, bundles and checkpoint into a folder, as a sealer does. */
export function writeLog(folder: string, entries: readonly string[], checkpoint: string): void {
  const write = (path: string, bytes: string | Buffer): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
  const read = readerOf(entries.map(entry => entryHash(Buffer.from(entry))))
  for (const tile of newTiles(0, entries.length)) {
    write(tilePath(tile), composeTile(tile, read))
    if (tile.level > 0) continue
    const own = entries.slice(tile.index * 256, tile.index * 256 + tile.width)
    write(bundlePath(tile), composeBundle(own.map(entry => Buffer.from(entry))))
  }
  write(`checkpoints/${String(entries.length).padStart(20, '0')}`, checkpoint)
  write('checkpoint', checkpoint)
}
