import { bundlePath, composeBundle, newTiles, parseEntry, parseNote, tilePath } from '../../proof/index.ts'
import type { Snapshot } from '../../trail/index.ts'
import { checkpointPath, readEntries, readTile, type TileStore } from '../store/index.ts'
import type { BundleFolder } from './folder.ts'

const bundleWidth = 256

/** The times between which rows of entries were recorded, as entries have them. */
export interface Span {
  readonly first: string
  readonly last: string
}

/** What of a log is written into a bundle. */
export interface LogParts {
  readonly store: TileStore
  readonly snapshot: Snapshot
  readonly folder: BundleFolder
  /** Called with each entry. */
  readonly onEntry: (entry: Buffer) => void
}

/**
 * Writes the log of a checkpoint, and the entries of the snapshot that have no place in it.
 * @returns how many those are
 * @throws AuditError; ProofError `TILE_INVALID`; UsageError; a database error
 */
export async function writeLog(
  { store, snapshot, folder, onEntry }: LogParts,
  checkpoint: { readonly note: string; readonly size: number }
): Promise<number> {
  const { note, size } = checkpoint
  await folder.write(`log/${checkpointPath}`, Buffer.from(note))
  let entries: Buffer[] = []
  let index = 0
  const flush = async () => {
    await folder.write(`log/${bundlePath({ index, width: entries.length })}`, composeBundle(entries))
    entries = []
    index += 1
  }
  for await (const entry of readEntries(store, size)) {
    onEntry(entry)
    entries.push(Buffer.from(entry))
    if (entries.length === bundleWidth) await flush()
  }
  if (entries.length > 0) await flush()
  for (const tile of newTiles(0, size)) await folder.write(`log/${tilePath(tile)}`, await readTile(store, tile))
  return await writeUnsealed(snapshot, folder, size, onEntry)
}

async function writeUnsealed(
  snapshot: Snapshot,
  folder: BundleFolder,
  size: number,
  onEntry: (entry: Buffer) => void
): Promise<number> {
  const file = await folder.file('log/unsealed')
  let entries: Buffer[] = []
  let count = 0
  const flush = async () => {
    await file.write(composeBundle(entries))
    entries = []
  }
  await snapshot.copyOut(
    `SELECT entry FROM proof_entries WHERE rejected IS NULL AND (log_index IS NULL OR log_index >= ${size})
     ORDER BY log_index NULLS LAST, number`,
    {
      take(row, at) {
        const entry = Buffer.from(row.subarray(at[0], at[1]))
        onEntry(entry)
        entries.push(entry)
        count += 1
      },
      keepUp: async () => {
        if (entries.length >= bundleWidth) await flush()
      }
    }
  )
  await flush()
  await file.end()
  return count
}

/** Collects the times of the entries whose rows were recorded partly in a month. */
export class MonthSpan {
  readonly #from: string
  readonly #to: string
  #span: Span | undefined

  /** @param month `2026-11` */
  constructor(month: string) {
    const [year = 0, number = 0] = month.split('-').map(Number)
    const startOf = (months: number): string => new Date(Date.UTC(year, months)).toISOString().replace('Z', '000Z')
    this.#from = startOf(number - 1)
    this.#to = startOf(number)
  }

  take(note: Buffer): void {
    const entry = parseEntry(parseNote(note.toString()).text)
    if (entry.kind === 'adopted') return
    const { first, last } =
      typeof entry.recorded === 'string' ? { first: entry.recorded, last: entry.recorded } : entry.recorded
    if (last < this.#from || first >= this.#to) return
    const { first: from = first, last: to = last } = this.#span ?? {}
    this.#span = { first: first < from ? first : from, last: last > to ? last : to }
  }

  /** From the first of them to the last, and the month; rows of other entries at its ends are in it. */
  get span(): Span {
    const { first = this.#from, last = this.#to } = this.#span ?? {}
    return { first: first < this.#from ? first : this.#from, last: last > this.#to ? last : this.#to }
  }
}
