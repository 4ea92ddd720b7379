import type { Queries } from '../../postgres/index.ts'
import {
  checkNote,
  entryHash,
  parseCheckpoint,
  parseEntry,
  parseNote,
  type Trust,
  tileWidth
} from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { checkpointPath, checkpointPathOf, readCheckpoint, readTile, type TileStore } from '../store/index.ts'
import { Frontier } from './frontier.ts'
import { KeyRing } from './key-ring.ts'
import { countSealed, lastSealed, newestCheckpoint, readKeyEntries, readSealed } from './rows.ts'

/** A log as its sealer knows it: what the database has sealed, and what of it is published. */
export interface Log {
  readonly origin: string
  /** Of all sealed entries. */
  readonly frontier: Frontier
  ring: KeyRing
  /** The newest checkpoint of the first place; undefined where it has none. */
  published: Published | undefined
  /** Entries whose tiles are written. */
  written: number
  /** The size of the newest checkpoint that the database has noted. */
  noted: number
  /** The hash of the last sealed entry. */
  last: Buffer | undefined
}

export interface Published {
  readonly size: number
  /** Signed. */
  readonly note: string
}

export interface LoadParts {
  readonly queries: Queries
  readonly store: TileStore
  readonly trust: Trust
  readonly origin: string
}

export const rolledBack = (what: string): AuditError =>
  new AuditError('LOG_ROLLED_BACK', `${what}. Nothing is signed: see docs/proof.md, "After a restore of the database"`)

/**
 * Holds the database against the log in the first place, and reads what is needed to continue it.
 * @throws AuditError `LOG_ROLLED_BACK`; `STORE_UNAVAILABLE`, `STORE_REFUSED`, `STORE_MISSING`, `STORE_DIFFERS`; ProofError; a
 *   database error
 */
export async function loadLog({ queries, store, trust, origin }: LoadParts): Promise<Log> {
  const here = await newestCheckpoint(queries)
  const published = await newestOf({ queries, store, trust, origin }, here)
  const size = published?.size ?? 0
  const sealed = await countSealed(queries)
  if (sealed.entries !== sealed.end) throw rolledBack('The database lacks entries that were sealed')
  if (sealed.end < size)
    throw rolledBack(`The database has ${sealed.end} sealed entries, and the log outside of it has ${size}`)
  const frontier = await Frontier.read(size, tile => readTile(store, tile))
  if (published && !frontier.root.equals(parseCheckpoint(parseNote(published.note).text).root))
    throw new AuditError('STORE_DIFFERS', 'The tiles of the first place do not have the root of its checkpoint')
  await requireSameEnd(queries, store, size)
  const log = {
    ...{ origin, frontier, published, written: size, noted: here?.size ?? 0 },
    ring: await ringOf(queries, trust),
    last: (await lastSealed(queries))?.hash
  }
  for (let from = size; from < sealed.end; from += tileWidth)
    for (const entry of await readSealed(queries, from, Math.min(sealed.end, from + tileWidth)))
      frontier.append(entryHash(Buffer.from(entry)))
  return log
}

/** The newest checkpoint of the first place, which agrees with the newest one of the database. */
async function newestOf(
  { store, trust, origin }: LoadParts,
  here: Published | undefined
): Promise<Published | undefined> {
  const note = await readCheckpoint(store)
  if (note === undefined && here === undefined) return undefined
  const outside = note === undefined ? undefined : checkpointIn(note, trust, origin)
  if (note === undefined || outside === undefined || (here && outside.size < here.size)) {
    // A sealer that lost its session in mid-round may have put an older checkpoint back; a folder from a backup has no newer one.
    const size = here?.size ?? 0
    const kept = (await store.get(checkpointPathOf(size)))?.toString()
    if (here === undefined || kept === undefined || parseNote(kept).text !== parseNote(here.note).text)
      throw rolledBack(
        `The first place of the log has ${outside ? `a checkpoint of ${outside.size} entries` : 'no checkpoint'}, and the database has one of ${size}`
      )
    checkpointIn(kept, trust, origin)
    await store.put(checkpointPath, Buffer.from(kept), { replace: true })
    return { size, note: kept }
  }
  if (outside.size === here?.size && parseNote(note).text !== parseNote(here.note).text)
    throw rolledBack('The first place of the log and the database have checkpoints of one size with different roots')
  return { size: outside.size, note }
}

/** @throws AuditError `STORE_DIFFERS`; ProofError `NOTE_INVALID`, `CHECKPOINT_INVALID` */
export function checkpointIn(note: string, trust: Trust, origin: string) {
  const parsed = parseNote(note)
  const checkpoint = parseCheckpoint(parsed.text)
  if (checkpoint.origin !== origin)
    throw new AuditError('STORE_DIFFERS', 'The place of the log has the checkpoint of another log')
  checkNote(parsed, trust.logs)
  return checkpoint
}

/** A database that was restored and written to again may have as many entries, and other ones. */
async function requireSameEnd(queries: Queries, store: TileStore, size: number): Promise<void> {
  if (size === 0) return
  const index = Math.floor((size - 1) / tileWidth)
  const from = index * tileWidth
  const hashes = await readTile(store, { level: 0, index, width: size - from })
  const entries = await readSealed(queries, from, size)
  if (!Buffer.concat(entries.map(entry => entryHash(Buffer.from(entry)))).equals(hashes))
    throw rolledBack('The database has other sealed entries than the log outside of it')
}

/** The keys that the sealed entries have added and revoked. @throws AuditError `LOG_ROLLED_BACK` */
export async function ringOf(queries: Queries, trust: Trust): Promise<KeyRing> {
  const ring = new KeyRing(trust.root)
  for (const { entry: text, index } of await readKeyEntries(queries)) {
    const note = parseNote(text)
    const entry = parseEntry(note.text)
    const [signed] = checkNote(note, ring.verifiers)
    if (entry.kind !== 'key' || !signed || !ring.allows(signed.key, 'root', index) || !ring.take(entry))
      throw rolledBack('The database has a sealed entry that adds or revokes keys, and root has not signed it')
  }
  return ring
}
