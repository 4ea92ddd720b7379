import { WideTree } from '../../../proof/index.ts'

/** Where the rows of a stretch come from; null for the in-process bus. */
export interface StatedPlace {
  readonly topic: string
  readonly partition: number
  /** 0 where it is not known: of rows that were adopted. */
  readonly incarnation: number
}

const offsetBytes = 8
const idBytes = 16
const leafBytes = 32
const itemBytes = offsetBytes + idBytes + leafBytes
const leastItems = 16

/** A row that goes, of rows that an entry accounts for. */
export interface GoneRow {
  /** Null for rows of the bus. */
  readonly offset: bigint | null
  readonly id: Buffer
  readonly leaf: Buffer
}

/**
 * The rows that one line of an entry accounts for, as far as they are in a month. Compact: a month may have many rows
 * whose entries have rows of other months too.
 *
 *   taking --- the last row, its root holds ---> whole    nothing of it has to stay
 *      \------ the last row, another root -----> changed
 */
export class StatedRows {
  readonly place: StatedPlace | null
  readonly first: bigint
  readonly last: bigint
  /** Microseconds since 2000, as Postgres counts: when its rows were recorded. */
  readonly recorded: readonly [first: number, last: number]
  readonly #rows: number
  readonly #root: string
  /** Its entry may still get rows of other months. */
  readonly #isOpen: boolean
  #items: Buffer = Buffer.alloc(0)
  #taken = 0
  #state: 'taking' | 'whole' | 'changed' = 'taking'

  constructor(facts: {
    readonly place: StatedPlace | null
    readonly first?: number
    readonly last?: number
    readonly recorded: readonly [first: number, last: number]
    readonly rows: number
    readonly root: string
    readonly isOpen: boolean
  }) {
    this.place = facts.place
    this.first = BigInt(facts.first ?? 0)
    this.last = BigInt(facts.last ?? 0)
    this.recorded = facts.recorded
    this.#rows = facts.rows
    this.#root = facts.root
    this.#isOpen = facts.isOpen
  }

  /** Whether rows are others than those that were recorded. */
  get isChanged(): boolean {
    return this.#state === 'changed'
  }

  /** @param offset null for rows of the bus, which are in the order of their ids */
  take(offset: bigint | null, id: Buffer, leaf: Buffer): void {
    if (this.#state === 'whole') this.#state = 'changed'
    if (this.#state === 'changed') return
    const at = this.#taken * itemBytes
    if (at === this.#items.length) this.#grow()
    this.#items.writeBigInt64BE(offset ?? 0n, at)
    id.copy(this.#items, at + offsetBytes)
    leaf.copy(this.#items, at + offsetBytes + idBytes)
    this.#taken += 1
    if (this.#taken === this.#rows) this.#close()
  }

  /** The rows that go while others of their entry stay, or may come: in the order of their leaves. */
  gone(): GoneRow[] {
    return this.#state === 'taking' || this.#isOpen
      ? this.#sorted().map(item => ({
          offset: this.place ? item.readBigInt64BE() : null,
          id: item.subarray(offsetBytes, offsetBytes + idBytes),
          leaf: item.subarray(offsetBytes + idBytes)
        }))
      : []
  }

  #grow(): void {
    const items = Math.min(this.#rows, Math.max(leastItems, 2 * this.#taken))
    const grown = Buffer.alloc(items * itemBytes)
    this.#items.copy(grown)
    this.#items = grown
  }

  #close(): void {
    const tree = new WideTree()
    for (const item of this.#sorted()) tree.append(item.subarray(offsetBytes + idBytes))
    this.#state = tree.root()?.toString('base64') === this.#root ? 'whole' : 'changed'
    if (!this.#isOpen) this.#items = Buffer.alloc(0)
  }

  /** By offsets, those of the bus by their ids: both are compared as bytes. */
  #sorted(): Buffer[] {
    return Array.from({ length: Math.min(this.#taken, this.#items.length / itemBytes) }, (_, index) =>
      this.#items.subarray(index * itemBytes, (index + 1) * itemBytes)
    ).sort(Buffer.compare)
  }
}
