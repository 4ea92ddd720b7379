import type { Source } from '../source.ts'
import { Stretch, type StretchGiven, type StretchPlace } from './stretch.ts'

const hashBytes = 32
const leastRoom = 16
/** A list that is full grows by a quarter: one that doubles would have half of its memory free. */
const growth = 1.25

/**
 * The stretches of a lane in columns: a trail that grows slowly has millions of them. What a stretch has besides its
 * offsets and its root stays as an object where it is not the usual; so does a stretch itself from when it is asked for
 * until it is whole.
 */
export class StretchList {
  readonly #place: StretchPlace
  readonly #sources: Source[] = []
  #offsets = new Float64Array(2 * leastRoom)
  #roots = Buffer.alloc(hashBytes * leastRoom)
  #isWhole = new Uint8Array(leastRoom)
  /** Of stretches that are of another place, or whose offsets are not all rows. */
  #unusual = new Map<number, { readonly place: StretchPlace; readonly given: StretchGiven }>()
  readonly #held = new Map<number, Stretch>()
  #near = -1

  /** @param place of nearly all of them */
  constructor(place: StretchPlace) {
    this.#place = place
  }

  get size(): number {
    return this.#sources.length
  }

  /** The first offset of the first one. */
  get first(): number | undefined {
    return this.size === 0 ? undefined : this.#firstOf(0)
  }

  /** The offset after the last one. */
  get end(): number | undefined {
    return this.size === 0 ? undefined : this.#lastOf(this.size - 1) + 1
  }

  push(source: Source, place: StretchPlace, given: StretchGiven): void {
    const index = this.size
    if (index === this.#isWhole.length) this.#grow()
    this.#sources.push(source)
    this.#offsets[2 * index] = given.first
    this.#offsets[2 * index + 1] = given.last
    const { root, rows, aside } = given
    const isUsual = place === this.#place && root !== null && aside === null && rows === given.last - given.first + 1
    // Its text would keep that of the whole entry.
    if (isUsual) this.#roots.write(root, index * hashBytes, 'base64')
    else this.#unusual.set(index, { place, given })
  }

  /** By their offsets. Call it before {@link find}, and not after. */
  sort(): void {
    const isBefore = (one: number, other: number): number =>
      this.#firstOf(one) - this.#firstOf(other) ||
      (this.#sources[one] as Source).index - (this.#sources[other] as Source).index
    let isSorted = true
    for (let index = 1; index < this.size && isSorted; index += 1) isSorted = isBefore(index - 1, index) <= 0
    if (isSorted) return
    const order = Uint32Array.from({ length: this.size }, (_, index) => index).sort(isBefore)
    const [sources, offsets, roots, unusual] = [[...this.#sources], this.#offsets, this.#roots, this.#unusual]
    this.#offsets = new Float64Array(offsets.length)
    this.#roots = Buffer.alloc(roots.length)
    this.#unusual = new Map()
    for (const [to, from] of order.entries()) {
      this.#sources[to] = sources[from] as Source
      this.#offsets.set(offsets.subarray(2 * from, 2 * from + 2), 2 * to)
      roots.copy(this.#roots, to * hashBytes, from * hashBytes, (from + 1) * hashBytes)
      const each = unusual.get(from)
      if (each) this.#unusual.set(to, each)
    }
  }

  /** The last one that begins at the offset or before it, where it has the offset. */
  find(offset: number): Stretch | undefined {
    if (this.#near >= 0 && this.#covers(this.#near, offset)) return this.#hold(this.#near)
    let [low, high] = [0, this.size - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#firstOf(middle) <= offset) low = middle
      else high = middle - 1
    }
    if (this.size === 0 || !this.#covers(low, offset)) return undefined
    this.#letGo(this.#near)
    this.#near = low
    return this.#hold(low)
  }

  /** All of them, or those that may not be whole, in their order. Most are made for this, and not kept. */
  *all(isOnlyOpen = false): Generator<Stretch> {
    for (let index = 0; index < this.size; index += 1)
      if (!isOnlyOpen || this.#isWhole[index] === 0) yield this.#held.get(index) ?? this.#made(index)
  }

  #hold(index: number): Stretch {
    const held = this.#held.get(index)
    if (held) return held
    const made = this.#made(index)
    this.#held.set(index, made)
    return made
  }

  /** A usual one that is whole is known by that alone. */
  #letGo(index: number): void {
    const held = this.#held.get(index)
    if (held?.state !== 'whole' || held.outside || this.#unusual.has(index)) return
    this.#isWhole[index] = 1
    this.#held.delete(index)
  }

  #made(index: number): Stretch {
    const source = this.#sources[index] as Source
    const unusual = this.#unusual.get(index)
    if (unusual) return new Stretch(source, unusual.place, unusual.given)
    const [first, last] = [this.#firstOf(index), this.#lastOf(index)]
    const root = this.#roots.toString('base64', index * hashBytes, (index + 1) * hashBytes)
    const none = { duplicates: 0, quarantined: 0, lost: 0, skipped: 0, aside: null }
    const given = { first, last, rows: last - first + 1, ...none, root }
    return new Stretch(source, this.#place, given, this.#isWhole[index] === 1)
  }

  #covers(index: number, offset: number): boolean {
    return this.#firstOf(index) <= offset && offset <= this.#lastOf(index)
  }

  #firstOf(index: number): number {
    return this.#offsets[2 * index] as number
  }

  #lastOf(index: number): number {
    return this.#offsets[2 * index + 1] as number
  }

  #grow(): void {
    const room = Math.ceil(this.#isWhole.length * growth)
    const [offsets, roots] = [new Float64Array(2 * room), Buffer.alloc(hashBytes * room)]
    offsets.set(this.#offsets)
    this.#roots.copy(roots)
    this.#offsets = offsets
    this.#roots = roots
    // Nothing is whole while they come.
    this.#isWhole = new Uint8Array(room)
  }
}
