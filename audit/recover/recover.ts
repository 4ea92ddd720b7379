import { sqlStateOf } from '../../core/index.ts'
import { act, type Operator } from '../../operations/index.ts'
import type { Pool, Queries } from '../../postgres/index.ts'
import { checkCheckpoint, entryHash, parseEntry, parseNote, type Trust, tileWidth } from '../../proof/index.ts'
import { ChangeEntries, inTransaction, type Signing } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'
import {
  countSealed,
  Frontier,
  holdSealerLock,
  insertSealed,
  readSealed,
  ringOf,
  storeCheckpoint
} from '../sealer/index.ts'
import { readCheckpoint, readEntries, type TileStore } from '../store/index.ts'

export interface RecoverParts {
  readonly pool: Pool
  /** Places of the log: that with the longest log counts. */
  readonly stores: readonly TileStore[]
  readonly trust: Trust
  /** With a key of the role operator. */
  readonly signing: Signing
  readonly reason: string
  /** Hears what is done, in words. */
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/** What came of it. */
export interface Recovered {
  /** Sealed entries that the database had. */
  readonly had: number
  /** Entries of the log. */
  readonly of: number
}

/** The log as a place has it. */
interface OutsideLog {
  readonly store: TileStore
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** The checkpoint, signed. */
  readonly note: string
}

/**
 * Gives a database that was restored from a backup the sealed entries that it lacks, from the log outside of it, and adds an
 * entry `restored` after them. All of the log is held against its checkpoint, and the entries that the database has against
 * the log. It is one transaction; where nothing is missing nothing is changed. It needs the rights of the owner of the tables.
 * @throws AuditError `STORE_MISSING` where no place has a log; `STORE_DIFFERS`, `LOG_FORKED`, `SEALER_RUNNING`; TrailError
 *   `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; ProofError; OperationsError; a database error
 */
export async function recoverLog(parts: RecoverParts, operator: Operator): Promise<Recovered> {
  const { pool, stores, trust, reason } = parts
  const log = await longestOf(stores, trust)
  const { entries: had } = await countSealed(pool)
  if (had >= log.size) return { had, of: log.size }
  const request = { operation: 'proof recover', target: { had, of: log.size }, reason, exclusive: 'proof recover' }
  const work = () => inTransaction(pool, client => recover(client, log, parts))
  return act(pool, operator, request, work, recovered => ({ ...recovered }))
}

async function longestOf(stores: readonly TileStore[], trust: Trust): Promise<OutsideLog> {
  const logs: OutsideLog[] = []
  for (const store of stores) {
    const note = await readCheckpoint(store)
    if (note !== undefined) logs.push({ store, note, ...checkCheckpoint(note, trust) })
  }
  const [longest] = logs.toSorted((one, other) => other.size - one.size)
  if (!longest) throw new AuditError('STORE_MISSING', 'No place of the log has a checkpoint')
  return longest
}

async function recover(client: Queries, log: OutsideLog, parts: RecoverParts): Promise<Recovered> {
  const { trust, signing, reason } = parts
  await holdSealerLock(client)
  const { entries: had, end } = await countSealed(client)
  if (had !== end) throw forked('lacks a sealed entry before its last one')
  if (had >= log.size) return { had, of: log.size }
  await copyEntries(client, log, had, parts)
  await storeCheckpoint(client, log.size, log.note, log.store.address)
  // Entries of the database that have no place yet come after it.
  const changes = await ChangeEntries.begin(client, signing, reason)
  const key = signing.signer
  if (!changes || !key || !(await ringOf(client, trust)).allows(key, 'operator', log.size))
    throw new AuditError('LOG_FORKED', 'The keys of the log do not allow the key of the operator to sign')
  const number = await changes.add({ kind: 'restored', entries: { had, of: log.size } })
  await client.query('UPDATE proof_entries SET log_index = $2 WHERE number = $1', [number, log.size])
  return { had, of: log.size }
}

/** Reads the whole log, and compares it with the database, which gets what it lacks. */
async function copyEntries(client: Queries, log: OutsideLog, had: number, parts: RecoverParts): Promise<void> {
  const { store, origin, size, root } = log
  const { onProgress, signal } = parts
  const frontier = new Frontier()
  let bundle: string[] = []
  const take = async (): Promise<void> => {
    const from = frontier.size
    for (const entry of bundle) frontier.append(entryHash(Buffer.from(entry)))
    const known = await readSealed(client, from, Math.min(had, frontier.size))
    if (known.some((entry, at) => entry !== bundle[at])) throw forked('has another sealed entry than the log')
    const lacking = bundle.slice(known.length)
    if (from === 0) await settle(client, origin, bundle[0] as string)
    if (lacking.length > 0) await insert(client, lacking, from + known.length)
    frontier.trim()
    bundle = []
    if (frontier.size % progressEvery === 0) onProgress(`${frontier.size} of ${size} entries`)
    signal.throwIfAborted()
  }
  for await (const entry of readEntries(store, size)) {
    if (bundle.push(entry.toString('utf8')) === tileWidth) await take()
  }
  if (bundle.length > 0) await take()
  if (!frontier.root.equals(root))
    throw new AuditError('STORE_DIFFERS', 'The entries of the place do not have the root of its checkpoint')
}

const progressEvery = 200 * tileWidth

/** A backup from before the proof has no settings of it. */
async function settle(client: Queries, origin: string, first: string): Promise<void> {
  const entry = parseEntry(parseNote(first).text)
  const began = typeof entry.recorded === 'string' ? entry.recorded : entry.recorded.first
  await client.query('INSERT INTO proof_settings (origin, began_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    origin,
    began
  ])
}

async function insert(client: Queries, entries: readonly string[], from: number): Promise<void> {
  const rows = entries.map((entry, at) => {
    const { writer, seq, kind } = parseEntry(parseNote(entry).text)
    return { writer, seq, kind, entry, logIndex: from + at }
  })
  try {
    await insertSealed(client, rows)
  } catch (error) {
    // The trigger lets no closed entry be changed.
    if (sqlStateOf(error) === '23001') throw forked('has an entry that is not the one that the log has of its writer')
    throw error
  }
}

const forked = (what: string): AuditError =>
  new AuditError('LOG_FORKED', `The database ${what}: it is not a backup of this trail, or was changed`)
