import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import {
  bundlePath,
  composeBundle,
  composeCheckpoint,
  composeTile,
  entryHash,
  logRoot,
  newTiles,
  readerOf,
  signNote,
  tilePath
} from '../../../proof/index.ts'
import { type BenchKeys, origin } from './data.ts'

/** Seals all entries at once, and writes the log into a folder. @returns where its checkpoint is kept */
export async function seal(client: pg.Client, folder: string, { log }: BenchKeys): Promise<string> {
  await client.query(
    `WITH sealed AS (SELECT count(log_index) AS n FROM proof_entries),
       fresh AS (SELECT number, row_number() OVER (ORDER BY number) - 1 AS place FROM proof_entries WHERE log_index IS NULL)
     UPDATE proof_entries e SET log_index = sealed.n + fresh.place, open = false FROM sealed, fresh
     WHERE e.number = fresh.number`
  )
  const { rows } = await client.query<{ entry: string }>('SELECT entry FROM proof_entries ORDER BY log_index')
  const entries = rows.map(({ entry }) => Buffer.from(entry))
  const read = readerOf(entries.map(entryHash))
  const write = (path: string, bytes: string | Buffer): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
    return join(folder, path)
  }
  for (const tile of newTiles(0, entries.length)) {
    write(tilePath(tile), composeTile(tile, read))
    if (tile.level === 0)
      write(bundlePath(tile), composeBundle(entries.slice(tile.index * 256, tile.index * 256 + tile.width)))
  }
  const head = { origin, size: entries.length, root: logRoot(entries.length, read) }
  const checkpoint = signNote(composeCheckpoint(head), log)
  write('checkpoint', checkpoint)
  return write(`checkpoints/${entries.length}`, checkpoint)
}
