import {
  type Entry,
  inclusionPath,
  leafOf,
  type ProofRow,
  parseRow,
  rowColumns,
  tileReader,
  widePath
} from '../../proof/index.ts'
import { readTile, type TileStore } from '../store/index.ts'

/** The line of an entry that accounts for a row. */
export interface ProvingLine {
  readonly line: 'stretch' | 'block' | 'bus' | 'root' | 'leaf'
  /** From 0, among the lines of this name. */
  readonly number: number
  /** Base64. */
  readonly root: string
  /** Which rows it is over: offsets, or ids. */
  readonly over:
    | { readonly kind: 'offsets'; readonly first: number; readonly last: number; readonly incarnation: number | null }
    | { readonly kind: 'ids'; readonly ids: readonly string[] }
    | { readonly kind: 'range'; readonly first: string; readonly last: string }
    | { readonly kind: 'one' }
}

/** The lines of an entry that may account for a row: whether one does, its root says. */
export function linesFor(entry: Entry, row: ProofRow): ProvingLine[] {
  const { id, eventName, partition } = row
  const offset = row.offset === null ? null : Number(row.offset)
  switch (entry.kind) {
    case 'batch':
      return entry.stretch.flatMap(({ topic, partition: own, incarnation, first, last, root }, number) =>
        root !== null && topic === entry.prefix + eventName && own === partition && isIn(offset, first, last)
          ? [{ line: 'stretch', number, root, over: { kind: 'offsets', first, last, incarnation } }]
          : []
      )
    case 'adopted':
      return [
        ...entry.block.flatMap(({ event, partition: own, first, last, root }, number): ProvingLine[] =>
          event === eventName && own === partition && isIn(offset, first, last)
            ? [{ line: 'block', number, root, over: { kind: 'offsets', first, last, incarnation: null } }]
            : []
        ),
        ...entry.bus.flatMap(({ first, last, root }, number): ProvingLine[] =>
          offset === null && first <= id && id <= last
            ? [{ line: 'bus', number, root, over: { kind: 'range', first, last } }]
            : []
        )
      ]
    case 'bus': {
      const ids = entry.id.map(each => Buffer.from(each, 'base64url').toString('hex')).sort()
      return offset === null && ids.includes(id.replaceAll('-', ''))
        ? [{ line: 'root', number: 0, root: entry.root, over: { kind: 'ids', ids } }]
        : []
    }
    case 'retry':
      return entry.event === id && entry.record.partition === partition && entry.record.offset === offset
        ? [{ line: 'leaf', number: 0, root: entry.leaf, over: { kind: 'one' } }]
        : []
    default:
      return []
  }
}

const isIn = (offset: number | null, first: number, last: number): boolean =>
  offset !== null && first <= offset && offset <= last

/** A row as it was copied out, of twelve columns: those that are hashed, and `recorded_at`. */
export interface CopiedRow {
  /** Of row form 1. */
  readonly tuple: Buffer
  readonly leaf: Buffer
  readonly row: ProofRow
}

/** @param bytes with the row @param at where its columns begin and end */
export function copiedRow(bytes: Buffer, at: Int32Array): CopiedRow {
  // Before the first column: how many there are, and its length. The last column may be null, and ends where it begins.
  const start = (at[0] as number) - 6
  const last = 2 * (rowColumns.length - 1)
  const end = Math.max(at[last] as number, at[last + 1] as number)
  const tuple = Buffer.from(bytes.subarray(start, end))
  tuple.writeInt16BE(rowColumns.length)
  return { tuple, leaf: leafOf(tuple), row: parseRow(tuple).row }
}

/** A row of a trail with what proves it, as `eventtrail/row-proof@v1`. */
export interface RowProof {
  readonly tuple: Buffer
  readonly entry: ProvedEntry
  readonly line: ProvingLine
  readonly index: number
  /** Of all rows of the line, in its order. */
  readonly leaves: Buffer
  /** The entries that say whose key has signed. */
  readonly keys: readonly ProvedEntry[]
}

/** An entry with the proof that it is in the log. */
export interface ProvedEntry {
  /** Signed. */
  readonly entry: string
  /** C2SP tlog-proof. */
  readonly proof: string
}

/** The text of an `.eventproof`. */
export function composeRowProof({ tuple, entry, line, index, leaves, keys }: RowProof): string {
  const path = line.over.kind === 'one' ? [] : widePath(leaves, index)
  const members = {
    format: 'eventtrail/row-proof@v1',
    row: tuple.toString('base64'),
    line: line.line,
    number: line.number,
    index,
    path: path.map(({ place, others }) => ({ place, others: others.map(each => each.toString('base64')) })),
    ...entry,
    keys
  }
  return `${JSON.stringify(members, null, 1)}\n`
}

/**
 * The proof that an entry is in the log of a checkpoint (C2SP tlog-proof).
 * @throws AuditError `STORE_MISSING`, `STORE_UNAVAILABLE`, `STORE_REFUSED`; ProofError `TILE_INVALID`
 */
export async function inclusionProof(
  store: TileStore,
  checkpoint: { readonly note: string; readonly size: number },
  index: number
): Promise<{ readonly proof: string; readonly path: readonly Buffer[] }> {
  const path = await pathOf(store, checkpoint.size, index)
  const hashes = path.map(hash => `${hash.toString('base64')}\n`).join('')
  return { path, proof: `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes}\n${checkpoint.note}` }
}

/** A tile that is not read yet: the path is asked for again once it is. */
class TileWanted extends Error {
  readonly read: () => Promise<void>

  constructor(read: () => Promise<void>) {
    super('a tile is not read yet')
    this.read = read
  }
}

async function pathOf(store: TileStore, size: number, index: number): Promise<Buffer[]> {
  const known = new Map<string, Buffer>()
  const read = tileReader(size, tile => {
    const key = `${tile.level}/${tile.index}`
    const bytes = known.get(key)
    if (bytes) return bytes
    throw new TileWanted(async () => {
      known.set(key, await readTile(store, tile))
    })
  })
  for (;;) {
    try {
      return inclusionPath(index, size, read)
    } catch (error) {
      if (!(error instanceof TileWanted)) throw error
      await error.read()
    }
  }
}
