import { WideTree } from '../../../proof/index.ts'
import type { Place } from '../findings.ts'
import { placeOfSource, type Source } from '../source.ts'
import { OffsetSet } from './offset-set.ts'

/** What an entry says of successive offsets. */
export interface StretchGiven {
  readonly first: number
  readonly last: number
  readonly rows: number
  readonly duplicates: number
  readonly quarantined: number
  readonly lost: number
  /** Offsets that held no event. Of a block of adopted rows: all that are no rows. */
  readonly skipped: number
  /** Of the tree over the rows, base64; null where there are none. */
  readonly root: string | null
  /** The digest of what the offsets are that are neither row nor skipped, base64. */
  readonly aside: string | null
}

/** Where a stretch is. */
export interface StretchPlace {
  readonly topic: string
  readonly partition: number
  /** 0: of adopted rows, of any. */
  readonly incarnation: number
}

/** A row as it is verified: its offset, and its leaf as a text of a byte a letter. */
export interface Leaf {
  readonly offset: number
  readonly leaf: string
}

const hashBytes = 32
/** Rows that share an offset with another one, and are remembered. */
const mostTwice = 16

/**
 * The rows of a stretch as they are found, in any order.
 *
 *          put() of the last row that is expected
 *   open ------------------------------------------> whole     the root is that of the entry: leaves are let go
 *                      \
 *                       --------------------------> differs   leaves are kept: more rows may come, and settle() says what is wrong
 */
export class Stretch {
  readonly source: Source
  readonly #place: StretchPlace
  readonly given: StretchGiven
  /** Offsets that are no rows, as the lists of the database have them; undefined where the entry has none. */
  readonly aside: OffsetSet | undefined
  #state: 'open' | 'whole' | 'differs'
  #count = 0
  #offsets: Float64Array | undefined
  #leaves: Buffer | undefined
  #taken: OffsetSet | undefined
  #isAscending = true
  #twice: Leaf[] | undefined
  /** Rows whose `recorded_at` is outside of what the entry says, and the offset of the first of them. */
  outside: { count: number; offset: number } | undefined

  /** @param isWhole whether all of its rows were found already. Default false */
  constructor(source: Source, place: StretchPlace, given: StretchGiven, isWhole = false) {
    this.source = source
    this.#place = place
    this.given = given
    this.aside = given.aside === null ? undefined : new OffsetSet(given.first, given.last)
    this.#state = isWhole || given.rows === 0 ? 'whole' : 'open'
  }

  /** Made when it is asked for: a log may have millions of stretches, and few findings. */
  get where(): Place {
    const { topic, partition, incarnation } = this.#place
    const { first, last } = this.given
    return {
      ...{ topic, partition, first, last },
      ...(incarnation > 0 && { incarnation }),
      ...placeOfSource(this.source)
    }
  }

  get state(): 'open' | 'whole' | 'differs' {
    return this.#state
  }

  /** Rows that were found at offsets of their own. */
  get count(): number {
    return this.#count
  }

  /** Rows that share an offset with another one: the first of them. */
  get twice(): readonly Leaf[] {
    return this.#twice ?? []
  }

  covers(offset: number): boolean {
    return this.given.first <= offset && offset <= this.given.last
  }

  isTaken(offset: number): boolean {
    return this.#taken
      ? this.#taken.has(offset)
      : this.#state === 'whole' && this.given.rows > 0 && !this.aside?.has(offset)
  }

  /**
   * Takes a row.
   * @param leaf a byte a letter
   * @returns `twice` where the offset has one already; `beyond` where the stretch has all of its rows
   */
  put(offset: number, leaf: string): 'placed' | 'twice' | 'beyond' {
    if (this.isTaken(offset)) {
      if (this.#state !== 'whole' && this.twice.length < mostTwice) this.#twice = [...this.twice, { offset, leaf }]
      return 'twice'
    }
    if (this.#state === 'whole') return 'beyond'
    const at = this.#count
    const { offsets, leaves } = this.#room(at + 1)
    this.#taken ??= new OffsetSet(this.given.first, this.given.last)
    this.#taken.add(offset)
    if (at > 0 && offset < (offsets[at - 1] as number)) this.#isAscending = false
    offsets[at] = offset
    leaves.write(leaf, at * hashBytes, 'latin1')
    this.#count = at + 1
    if (this.#count === this.given.rows) this.#close()
    return 'placed'
  }

  /** The rows that were found, in the order of their offsets; none where they were let go. */
  found(): Leaf[] {
    return Array.from({ length: this.#leaves ? this.#count : 0 }, (_, at) => ({
      offset: this.#offsets?.[at] as number,
      leaf: this.#leaves?.toString('latin1', at * hashBytes, (at + 1) * hashBytes) as string
    })).sort((one, other) => one.offset - other.offset)
  }

  /** Bytes that its leaves take. */
  get bytes(): number {
    return this.#leaves?.length ?? 0
  }

  /** Lets the leaves go of a stretch that differs, and says no more what is wrong with it. */
  letGo(): void {
    this.#leaves = undefined
    this.#offsets = undefined
  }

  #room(rows: number): { offsets: Float64Array; leaves: Buffer } {
    let [offsets, leaves] = [this.#offsets, this.#leaves]
    if (!offsets || !leaves || offsets.length < rows) {
      const size = Math.max(this.given.rows, 2 * rows)
      const more = { offsets: new Float64Array(size), leaves: Buffer.allocUnsafeSlow(size * hashBytes) }
      if (offsets) more.offsets.set(offsets)
      leaves?.copy(more.leaves)
      ;[offsets, leaves] = [more.offsets, more.leaves]
      this.#offsets = offsets
      this.#leaves = leaves
    }
    return { offsets, leaves }
  }

  #close(): void {
    if (this.#rootNow() !== this.given.root) {
      this.#state = 'differs'
      return
    }
    this.#state = 'whole'
    this.letGo()
    // Every offset is a row or in a list: which is which is known without it.
    if (this.given.skipped === 0) this.#taken = undefined
  }

  #rootNow(): string | undefined {
    const leaves = this.#leaves?.subarray(0, this.#count * hashBytes) as Buffer
    return rootOf(
      this.#isAscending ? leaves : Buffer.concat(this.found().map(({ leaf }) => Buffer.from(leaf, 'latin1')))
    )
  }
}

/** The root of leaves of 32 bytes each, base64; undefined of none. */
export function rootOf(leaves: Buffer): string | undefined {
  const tree = new WideTree()
  tree.append(leaves)
  return tree.root()?.toString('base64')
}
