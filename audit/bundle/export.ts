import { createHash } from 'node:crypto'
import { parseCheckpoint, parseNote } from '../../proof/index.ts'
import { openSnapshot, type SnapshotOptions } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'
import { readCheckpoint, type TileStore } from '../store/index.ts'
import type { BundleFile, BundleFolder } from './folder.ts'
import { type ListName, writeLists } from './lists.ts'
import { MonthSpan, writeLog } from './log.ts'
import { type WrittenRow, writeRows } from './rows.ts'

/** What is written, and from where. */
export interface BundleParts {
  readonly source: SnapshotOptions
  /** The place of the log. */
  readonly store: TileStore
  readonly folder: BundleFolder
  /** Only rows of entries that have recorded some in this month, in UTC: `2026-11`. Default all. */
  readonly month?: string | undefined
  /** Default true. */
  readonly rows?: boolean
  /** Called with each row before it is written. */
  readonly onRow: (row: WrittenRow) => void
  /** Called after some rows; a rejection ends the work. */
  readonly keepUp: (rows: number) => Promise<void>
}

/** What a bundle has: `manifest.json`. */
export interface BundleManifest {
  readonly format: 'eventtrail/bundle@v1'
  readonly origin: string
  /** Entries of its checkpoint. */
  readonly size: number
  /** Entries without a place in the log. */
  readonly unsealed: number
  readonly month: string | null
  readonly rows: boolean
  readonly counts: Readonly<Record<ListName | 'rows', number>>
  /** ISO 8601. */
  readonly written_at: string
  readonly files: readonly BundleFile[]
}

export interface WrittenBundle {
  readonly manifest: BundleManifest
  readonly bytes: number
  /** Of `manifest.json`, which has the digests of all other files. */
  readonly sha256: Buffer
}

/**
 * Writes a bundle that a verifier checks without a database: the log, lists and rows of one moment.
 * The checkpoint is read before the snapshot is taken, so that the database has all of its entries.
 * @throws AuditError `STORE_MISSING` where nothing is sealed yet, and others of the store; ProofError `TILE_INVALID`;
 *   UsageError where a file cannot be written; a database error, also when the signal aborts
 */
export async function writeBundle(parts: BundleParts): Promise<WrittenBundle> {
  const { source, store, folder, month, rows: withRows = true, onRow, keepUp } = parts
  const note = await sealedCheckpoint(store)
  const { origin, size } = parseCheckpoint(parseNote(note).text)
  const snapshot = await openSnapshot(source)
  try {
    const span = month === undefined ? undefined : new MonthSpan(month)
    const onEntry = (entry: Buffer) => span?.take(entry)
    const unsealed = await writeLog({ store, snapshot, folder, onEntry }, { note, size })
    const lists = await writeLists(snapshot, folder)
    const rows = withRows ? await writeRows({ snapshot, folder, span: span?.span, onRow, keepUp }) : 0
    const manifest: BundleManifest = {
      format: 'eventtrail/bundle@v1',
      origin,
      size,
      unsealed,
      month: month ?? null,
      rows: withRows,
      counts: { ...lists, rows },
      written_at: new Date().toISOString(),
      files: [...folder.files]
    }
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
    await folder.write('manifest.json', text)
    await folder.finish()
    const bytes = folder.files.reduce((sum, file) => sum + file.bytes, 0)
    return { manifest, bytes, sha256: createHash('sha256').update(text).digest() }
  } finally {
    await snapshot.close()
  }
}

/** The newest checkpoint of a place. @throws AuditError `STORE_MISSING` where there is none */
export async function sealedCheckpoint(store: TileStore): Promise<string> {
  const note = await readCheckpoint(store)
  if (note !== undefined) return note
  throw new AuditError(
    'STORE_MISSING',
    `${store.address} has no checkpoint: nothing is sealed there yet, or this is not the place of the log`
  )
}
