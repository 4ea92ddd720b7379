import type { Pool, SessionQueries } from '../../postgres/index.ts'
import type { EntryKind, Trust, TrustedCheckpoint } from '../../proof/index.ts'
import { type CheckpointTopic, readEntries, type TileStore } from '../store/index.ts'
import { Account, checkBooks, checkOffsets, ListChecker, placeKept, RowPlacer, settle } from './account/index.ts'
import { explain, type RecordSource } from './explain/index.ts'
import type { Findings } from './findings.ts'
import { checkOlder, EntryChecker, type ReadLog, readLog } from './log/index.ts'
import {
  checkQuarantine,
  compareSealed,
  readBooks,
  readKept,
  readLists,
  readNewestCheckpoint,
  readRows,
  readUnsealed,
  reportRejected
} from './tables/index.ts'

export interface VerifyProofParts {
  readonly pool: Pool
  /** Places of the log. One is enough; what the first lacks, the others may have. */
  readonly stores: readonly TileStore[]
  /** Topics of Kafka with checkpoints, which the log has to continue. */
  readonly topics?: readonly CheckpointTopic[]
  readonly trust: Trust
  /** A signed checkpoint of an earlier verification: what it covers is not verified again. */
  readonly since?: string | undefined
  /** Signed checkpoints that were kept from earlier, which the log has to continue. */
  readonly kept?: readonly string[]
  /** Hashes each payload in canonical JSON, for a Postgres that prints `jsonb` in another form. Default false. */
  readonly normalise?: boolean
  /** Where rows that were changed can be compared with their records, as long as Kafka has these. */
  readonly kafka?: RecordSource | undefined
  /** Hears what is done, in words. */
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}

/** What was verified, and what not. */
export interface Verified {
  readonly checkpoint: TrustedCheckpoint
  /** Sealed entries by kind; those that an older checkpoint covers are counted, and not verified again. */
  readonly entries: ReadonlyMap<EntryKind, number>
  readonly partitions: number
  readonly listed: { readonly duplicate: number; readonly quarantined: number; readonly lost: number }
  /** Records in quarantine whose digest was made again; undefined where the login may not read them. */
  readonly quarantine: number | undefined
  readonly rows: RowPlacer['counts']
  readonly gone: ReturnType<typeof settle>['gone']
  /** Entries that are not sealed. */
  readonly unsealed: number
}

/**
 * Verifies the trail against its log: checkpoint, entries, offsets, lists, rows. Changes nothing.
 * @returns what was verified; undefined where there is no log to verify it against, or it was aborted
 * @throws AuditError where a place cannot be read; a database error
 */
export async function verifyProof(parts: VerifyProofParts, findings: Findings): Promise<Verified | undefined> {
  const { pool, stores, topics = [], trust, since, kept = [], onProgress, signal } = parts
  onProgress('reading the log')
  // Before the places, which get each checkpoint before a topic does.
  const published = await readTopics(topics, findings)
  // Before the database: what was sealed then is in it.
  const log = await readLog(stores, trust, findings)
  if (!log || signal.aborted) return undefined
  for (const note of kept) checkOlder(note, 'the checkpoint that was kept', log, trust, findings)
  for (const { note, what } of published) checkOlder(note, what, log, trust, findings)
  const old = since === undefined ? 0 : checkOlder(since, 'the older checkpoint', log, trust, findings)
  const account = new Account()
  const entries = await takeEntries(log, account, old ?? 0, parts, findings)
  if (!entries) return undefined
  const session = await pool.connect()
  let failed = true
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const verified = await verifyTables(session, { log, account, ...entries }, parts, findings)
    await session.query('COMMIT')
    failed = false
    return verified
  } catch (error) {
    if (error instanceof Stopped) return undefined
    throw error
  } finally {
    // A COPY may be in the middle.
    session.release(failed)
  }
}

async function readTopics(topics: readonly CheckpointTopic[], findings: Findings) {
  const published: { readonly note: string; readonly what: string }[] = []
  for (const topic of topics) {
    const notes = await topic.notes()
    if (notes.length === 0)
      findings.report('CHECKPOINT_INVALID', { file: topic.address }, 'the place has no checkpoint')
    published.push(...notes.map(note => ({ note, what: `a checkpoint of ${topic.address}` })))
  }
  return published
}

class Stopped extends Error {}

interface Entries {
  readonly checker: EntryChecker
  readonly counts: Map<EntryKind, number>
  /** When the first transaction of those was that are verified: µs since 2000. */
  readonly from: number
}

async function takeEntries(
  { checkpoint, store }: ReadLog,
  account: Account,
  old: number,
  { trust, onProgress, signal }: VerifyProofParts,
  findings: Findings
): Promise<Entries | undefined> {
  const checker = new EntryChecker(checkpoint.origin, trust.root, findings)
  const counts = new Map<EntryKind, number>()
  let [index, from] = [0, Number.POSITIVE_INFINITY]
  for await (const bytes of readEntries(store, checkpoint.size)) {
    const checked = checker.take(bytes, { index, isOld: index < old })
    index += 1
    if (checked) {
      account.take(checked)
      const { kind, recorded } = checked.source
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (!checked.source.isOld) from = Math.min(from, recorded.first)
    }
    if (index % everyEntries !== 0) continue
    onProgress(`checking entries: ${index} of ${checkpoint.size}`)
    if (signal.aborted) return undefined
  }
  return { checker, counts, from: old > 0 ? from : 0 }
}

const everyEntries = 10_000
const everyRows = 1_000_000

async function verifyTables(
  session: SessionQueries,
  { log, account, checker, counts, from }: Entries & { readonly log: ReadLog; readonly account: Account },
  { trust, normalise, kafka, onProgress, signal }: VerifyProofParts,
  findings: Findings
): Promise<Verified> {
  const { checkpoint } = log
  const keepUp = async () => {
    if (signal.aborted) throw new Stopped()
  }
  const newest = await readNewestCheckpoint(session)
  if (newest !== undefined) checkOlder(newest, 'the newest checkpoint of the database', log, trust, findings)
  await compareSealed(session, log, findings)
  await reportRejected(session, findings)
  const unsealed = await readUnsealed(session, checkpoint.size)
  let since = from
  for (const [place, { number, entry }] of unsealed.entries()) {
    const checked = checker.take(entry, { index: checkpoint.size + place, unsealed: number, isOld: false })
    if (!checked) continue
    account.take(checked)
    if (from > 0) since = Math.min(since, checked.source.recorded.first)
  }
  checker.finish()
  account.finish()
  checkOffsets(account, findings)
  checkBooks(account, await readBooks(session), findings)

  onProgress('comparing the lists of duplicates, quarantine and gaps')
  const lists = new ListChecker(account, findings)
  await readLists(session, since, lists, keepUp)
  lists.finish()
  const quarantine = await checkQuarantine(session, findings, keepUp)
  placeKept(account, await readKept(session, checkpoint.size), findings)

  const placer = new RowPlacer(account, findings, normalise === undefined ? {} : { normalise })
  onProgress('reading the rows')
  let said = 0
  await readRows(session, since, placer, async () => {
    await keepUp()
    const { rows } = placer.counts
    if (rows < said + everyRows) return
    said = rows
    onProgress(`hashing rows: ${rows}`)
  })
  const { gone, changed } = settle(account, placer, findings)
  if (changed.length > 0) {
    onProgress('looking for the rows that were changed')
    await explain(session, changed, kafka)
  }
  return {
    ...{ checkpoint, entries: counts, listed: lists.counts, quarantine, rows: placer.counts, gone },
    partitions: new Set([...account.lanes].map(({ place }) => `${place.topic}/${place.partition}`)).size,
    unsealed: unsealed.length
  }
}
