import { type PooledSession, withLiterals } from '../../postgres/index.ts'
import { type EntryOf, leafOf, rowColumns, WideTree } from '../../proof/index.ts'
import { copyOut } from '../../trail/index.ts'
import { blockKey, blockOffsets, ofBefore, type PlannedBlock } from './plan.ts'

export type Block = EntryOf<'adopted'>['block'][number]
export type BusBlock = EntryOf<'adopted'>['bus'][number]

const columns = rowColumns.join(', ')
const offsetBytes = 8
const itemBytes = offsetBytes + 32
const [nameColumn, partitionColumn, offsetColumn] = [3, 9, 10]

/** What came of rows with offsets. */
export interface FoundBlocks {
  /** In the order of entries. */
  readonly blocks: readonly Block[]
  /** Rows that have the coordinates of another row, as after a topic was made again: no block can have both. */
  readonly doubled: number
}

/**
 * Hashes the rows of blocks that follow each other in the plan, in one scan.
 * @throws a database error
 */
export async function hashBlocks(client: PooledSession, planned: readonly PlannedBlock[]): Promise<FoundBlocks> {
  const [from, to] = [planned[0], planned.at(-1)] as [PlannedBlock, PlannedBlock]
  const found = new Map(
    planned.map(({ eventName, partition, place, rows }) => [blockKey(eventName, partition, place), new Leaves(rows)])
  )
  const place = `(event_name COLLATE "C", kafka_partition, kafka_offset / ${blockOffsets})`
  const query = withLiterals({
    text: `SELECT ${columns} FROM event_envelopes WHERE kafka_offset IS NOT NULL AND ${ofBefore}
      AND ${place} >= ($1, $2, $3) AND ${place} <= ($4, $5, $6)`,
    values: [from.eventName, from.partition, from.place, to.eventName, to.partition, to.place]
  })
  await copyOut(client, query, {
    take(bytes, at) {
      const eventName = bytes.toString('utf8', at[2 * nameColumn], at[2 * nameColumn + 1])
      const partition = bytes.readInt32BE(at[2 * partitionColumn] as number)
      const offset = Number(bytes.readBigInt64BE(at[2 * offsetColumn] as number))
      const leaf = leafOf(bytes.subarray((at[0] as number) - 6, at[2 * offsetColumn + 1]))
      found.get(blockKey(eventName, partition, Math.floor(offset / blockOffsets)))?.add(offset, leaf)
    },
    keepUp: async () => undefined
  })
  const closed = planned.map(({ eventName, partition, place }) => ({
    ...{ eventName, partition },
    leaves: (found.get(blockKey(eventName, partition, place)) as Leaves).close()
  }))
  return {
    blocks: closed.flatMap(({ eventName: event, partition, leaves: { first, last, rows, root } }) =>
      rows === 0 ? [] : [{ event, partition, first, last, rows, root }]
    ),
    doubled: closed.reduce((sum, { leaves }) => sum + leaves.doubled, 0)
  }
}

/** The leaves of a block as they come, in 40 bytes a row. */
class Leaves {
  #items: Buffer
  #rows = 0

  constructor(rows: number) {
    this.#items = Buffer.alloc(rows * itemBytes)
  }

  add(offset: number, leaf: Buffer): void {
    const at = this.#rows * itemBytes
    // A row of before the proof cannot be added; but the count was made earlier, and may be of another state.
    if (at === this.#items.length) this.#items = Buffer.concat([this.#items, Buffer.alloc(itemBytes)])
    this.#items.writeBigInt64BE(BigInt(offset), at)
    leaf.copy(this.#items, at + offsetBytes)
    this.#rows += 1
  }

  close(): { first: number; last: number; rows: number; root: string; doubled: number } {
    const all = Array.from({ length: this.#rows }, (_, index) =>
      this.#items.subarray(index * itemBytes, (index + 1) * itemBytes)
    ).sort(Buffer.compare)
    const offsetAt = (index: number): number => Number(all[index]?.readBigInt64BE())
    const tree = new WideTree()
    for (const [index, item] of all.entries())
      if (index === 0 || offsetAt(index) !== offsetAt(index - 1)) tree.append(item.subarray(offsetBytes))
    return {
      ...{ first: offsetAt(0), last: offsetAt(all.length - 1), rows: tree.rows },
      ...{ root: tree.root()?.toString('base64') ?? '', doubled: all.length - tree.rows }
    }
  }
}

const mostOfBus = 10_000

/**
 * Hashes rows of the bus in the order of their ids, in blocks.
 * @param after the last id that is adopted
 * @param found called for each block
 * @throws a database error, and what `found` throws
 */
export async function hashBus(
  client: PooledSession,
  after: string | undefined,
  found: (block: BusBlock) => Promise<void>
): Promise<void> {
  let tree = new WideTree()
  let [first, last] = ['', '']
  const full: BusBlock[] = []
  const close = () => {
    full.push({ first, last, rows: tree.rows, root: (tree.root() as Buffer).toString('base64') })
    tree = new WideTree()
  }
  const flush = async () => {
    for (const block of full.splice(0)) await found(block)
  }
  const query = withLiterals({
    text: `SELECT ${columns} FROM event_envelopes WHERE kafka_offset IS NULL AND ${ofBefore}
      AND id > $1 ORDER BY id`,
    // The lowest id is no id of an event.
    values: [after ?? '00000000-0000-0000-0000-000000000000']
  })
  await copyOut(client, query, {
    take(bytes, at) {
      const start = at[0] as number
      last = uuidOf(bytes.subarray(start, start + 16))
      if (tree.rows === 0) first = last
      // The last column is null, and ends where it begins.
      tree.append(leafOf(bytes.subarray(start - 6, at[2 * offsetColumn])))
      if (tree.rows === mostOfBus) close()
    },
    keepUp: flush
  })
  if (tree.rows > 0) close()
  await flush()
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
