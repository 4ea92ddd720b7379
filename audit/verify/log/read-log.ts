import {
  composeTile,
  newTiles,
  ProofError,
  type Trust,
  type TrustedCheckpoint,
  tilePath
} from '../../../proof/index.ts'
import { AuditError } from '../../errors.ts'
import { readCheckpoint, readEntries, readTile, type TileStore } from '../../store/index.ts'
import type { Findings } from '../findings.ts'
import { trustedCheckpoint } from './checkpoint.ts'
import { HashList } from './hash-list.ts'

/** A checkpoint, and a place that has the entries of it. */
export interface ReadLog {
  readonly checkpoint: TrustedCheckpoint
  readonly note: string
  readonly hashes: HashList
  readonly store: TileStore
}

/**
 * The newest checkpoint of all places that is trusted, with the first place whose entries have its root. Each place has
 * to have the entries and tiles of its own checkpoint; what one lacks, another one may have.
 * @returns undefined where no place has a checkpoint that is trusted, or none has its entries
 * @throws AuditError `STORE_UNAVAILABLE`, `STORE_REFUSED`
 */
export async function readLog(
  stores: readonly TileStore[],
  trust: Trust,
  findings: Findings
): Promise<ReadLog | undefined> {
  const logs: ReadLog[] = []
  for (const store of stores) {
    const note = await readCheckpoint(store)
    const file = `checkpoint of ${store.address}`
    if (note === undefined) {
      findings.report('CHECKPOINT_INVALID', { file }, 'the place has no checkpoint')
      continue
    }
    const checkpoint = trustedCheckpoint(note, trust, { file }, findings)
    const hashes = checkpoint && (await hashesOf(store, checkpoint, findings))
    if (checkpoint && hashes) logs.push({ checkpoint, note, hashes, store })
  }
  const [newest] = logs.toSorted((one, other) => other.checkpoint.size - one.checkpoint.size)
  // Places that lag are no fault, but all of them have to be one log.
  for (const { checkpoint, store } of logs)
    if (newest && !newest.hashes.root(checkpoint.size).equals(checkpoint.root))
      findings.report('LOG_FORKED', { file: `checkpoint of ${store.address}` }, 'another place has another log')
  return newest
}

/** The hashes of the entries of a place; undefined where they are not those of the checkpoint. */
async function hashesOf(
  store: TileStore,
  { size, root }: TrustedCheckpoint,
  findings: Findings
): Promise<HashList | undefined> {
  const hashes = new HashList()
  const { address: file } = store
  try {
    for await (const entry of readEntries(store, size)) hashes.push(entry)
  } catch (error) {
    if (!isOfContent(error)) throw error
    findings.report('ENTRY_MISSING', { file }, error.message)
    return undefined
  }
  if (!hashes.root(size).equals(root)) {
    findings.report('ENTRY_MISSING', { file }, 'its entries are not those of its checkpoint')
    return undefined
  }
  for (const tile of newTiles(0, size)) {
    const path = tilePath(tile)
    const found = await readTile(store, tile).catch((error: unknown) => {
      if (!isOfContent(error)) throw error
      return undefined
    })
    if (!found?.equals(composeTile(tile, hashes.read)))
      findings.report('ENTRY_MISSING', { file: `${path} of ${file}` }, 'the hashes are not those of the entries')
  }
  return hashes
}

/** Whether a file of a log is missing or cannot be read for what is in it. */
export const isOfContent = (error: unknown): error is Error =>
  error instanceof ProofError || (error instanceof AuditError && error.code === 'STORE_MISSING')

/**
 * Holds a checkpoint that was kept from earlier against the log.
 * @returns its size; undefined where it is not trusted, or the log does not continue it
 */
export function checkOlder(
  note: string,
  what: string,
  { checkpoint, hashes }: ReadLog,
  trust: Trust,
  findings: Findings
): number | undefined {
  const older = trustedCheckpoint(note, trust, { file: what }, findings)
  if (!older) return undefined
  if (older.origin !== checkpoint.origin) {
    findings.report('LOG_FORKED', { file: what }, 'it is of another log')
    return undefined
  }
  if (older.size > checkpoint.size) {
    findings.report('LOG_ROLLED_BACK', { file: what }, `it has ${older.size} entries, and the log ${checkpoint.size}`)
    return undefined
  }
  if (hashes.root(older.size).equals(older.root)) return older.size
  findings.report('LOG_FORKED', { file: what }, `the first ${older.size} entries of the log are other ones`)
  return undefined
}
