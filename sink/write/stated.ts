import { type AsideLine, leavesOf, type Chunk as StatedChunk } from '../../proof/index.ts'
import { type Chunk, idOf, type Page, type QuarantineRow, type RowsResult, rowEnd } from '../../trail/index.ts'
import type { Batch } from './types.ts'

/** Where rows end: used again for each page. */
let ends = new Uint32Array(16_384)

/** The leaves of pages. Hashed as pages come they cost no time of the transaction: the batch before is being stored. */
export class PageLeaves {
  readonly #known = new WeakMap<Page, readonly Buffer[]>()

  /** Hashes pages whose rows are in `bytes`, for {@link of}. */
  prepare(bytes: Buffer, pages: readonly Page[]): void {
    for (const page of pages) this.#known.set(page, leavesOfPage(bytes, page, none))
  }

  /** The leaves of the rows of a page, but for those that begin at these places. */
  of(bytes: Buffer, page: Page, leftOut: ReadonlySet<number>): readonly Buffer[] {
    const known = leftOut.size === 0 ? this.#known.get(page) : undefined
    return known ?? leavesOfPage(bytes, page, leftOut)
  }
}

const none: ReadonlySet<number> = new Set()

/**
 * What a statement says of chunks that are stored: the leaves of their rows, and what became of the other offsets.
 * @param kept the entries of the quarantine as they are kept
 */
export function statedChunks(
  { buffer: { bytes } }: Pick<Batch, 'buffer'>,
  chunks: readonly Chunk[],
  { duplicates, badRows }: Pick<RowsResult, 'duplicates' | 'badRows'>,
  kept: readonly QuarantineRow[],
  pageLeaves: PageLeaves
): StatedChunk[] {
  const leftOut = new Set([...duplicates, ...badRows.map(({ row }) => row)].map(({ start }) => start))
  const asides = new Map<Chunk, AsideLine[]>(chunks.map(chunk => [chunk, lost(chunk)]))
  for (const row of duplicates) asides.get(row.chunk)?.push({ kind: 'duplicate', offset: row.offset, id: idOf(row) })
  for (const { chunk, offset, lastOffset: last = offset, fault, digest } of kept)
    asides.get(chunk)?.push({ kind: 'quarantined', offset, last, code: fault.code, digest })
  return chunks.map(chunk => {
    const { topic, partition, incarnation, first, last, pages } = chunk
    const leaves = pages.flatMap(page => pageLeaves.of(bytes, page, leftOut))
    const aside = (asides.get(chunk) ?? []).sort((a, b) => a.offset - b.offset)
    return { topic, partition, incarnation, first, last, leaves: joined(leaves), aside }
  })
}

const lost = ({ first, lost }: Chunk): AsideLine[] =>
  lost === 0 ? [] : [{ kind: 'lost', offset: first, last: first + lost - 1 }]

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))

/** The leaves of the rows of a page, in runs between those that were not stored. */
function leavesOfPage(bytes: Buffer, { start, end, rows }: Page, leftOut: ReadonlySet<number>): Buffer[] {
  if (ends.length < rows) ends = new Uint32Array(2 * rows)
  const runs: Buffer[] = []
  let from = start
  let count = 0
  for (let at = start; at < end; ) {
    const next = rowEnd(bytes, at)
    if (leftOut.size > 0 && leftOut.has(at)) {
      if (count > 0) runs.push(leavesOf(bytes, from, ends.subarray(0, count)))
      count = 0
      from = next
    } else ends[count++] = next
    at = next
  }
  if (count > 0) runs.push(leavesOf(bytes, from, ends.subarray(0, count)))
  return runs
}
