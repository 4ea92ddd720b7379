import type { EntryOf } from '../../../proof/index.ts'
import type { Place } from '../findings.ts'
import type { Source } from '../source.ts'
import type { Account } from './account.ts'

/** Offsets of a partition. */
export interface GonePlace {
  readonly topic: string
  readonly partition: number
  /** 0: of any, as adopted rows are. */
  readonly incarnation: number
  readonly first: number
  readonly last: number
}

/** Which rows may be gone, since a signed entry says so. */
export class Gone {
  readonly #account: Account
  /** Rows that are gone by retention, by partition. */
  readonly #dropped = new Map<string, { place: GonePlace; rows: number }>()
  /** Rows of the bus that are gone by retention, by month. */
  readonly #droppedOfBus = new Map<string, number>()
  /** Rows that are gone by retention, or were lost. */
  rows = { dropped: 0, lost: 0 }

  constructor(account: Account) {
    this.#account = account
  }

  /** Whether a month that was dropped had rows of these offsets. */
  isDropped(place: GonePlace): boolean {
    return this.#retentions.some(({ entry }) => entry.dropped.some(each => isOf(place, each) && meets(place, each)))
  }

  /** Counts rows that are gone by retention. */
  drop(place: GonePlace, rows: number): void {
    this.rows.dropped += rows
    const key = `${place.topic}/${place.partition}`
    const known = this.#dropped.get(key)
    this.#dropped.set(key, { place: known?.place ?? place, rows: rows + (known?.rows ?? 0) })
  }

  /**
   * Counts rows of the bus that are gone by retention. The leaves stay of rows that go while others of their entry do
   * not: those of an entry that are gone without a leaf are of one month.
   * @param ids 32 hexadecimal digits each
   * @returns false where no month that was dropped has the times of all of these ids
   */
  dropOfBus(ids: readonly string[], rows: number): boolean {
    const found = this.#retentions.find(({ entry }) => ids.every(id => isOfMonth(entry, id)))
    if (!found) return false
    this.rows.dropped += rows
    const { month } = found.entry
    this.#droppedOfBus.set(month, rows + (this.#droppedOfBus.get(month) ?? 0))
    return true
  }

  /** Partitions, or the bus, of which more is gone than all retentions say: by how many rows. */
  *tooMany(): Generator<{ readonly place: Place; readonly gone: number; readonly said: number }> {
    // Of a database that was restored the log has rows twice.
    if (this.#account.epoch > 0) return
    for (const { place, rows } of this.#dropped.values()) {
      const { topic, partition } = place
      let said = 0
      for (const { entry } of this.#retentions)
        for (const each of entry.dropped) if (each.topic === topic && each.partition === partition) said += each.rows
      if (rows > said) yield { place: { topic, partition }, gone: rows, said }
    }
    for (const [month, rows] of this.#droppedOfBus) {
      let said = 0
      for (const { entry } of this.#retentions)
        if (entry.month === month) said += entry.rows - entry.dropped.reduce((sum, each) => sum + each.rows, 0)
      if (rows > said) yield { place: { topic: 'bus' }, gone: rows, said }
    }
  }

  /** How many of these offsets a signed entry calls lost. */
  lostOf({ topic, partition, incarnation }: GonePlace, offsets: readonly number[]): number {
    const losses = this.#account.losses.filter(
      each => each.source.isTrusted && isOf({ topic, partition, incarnation }, each)
    )
    if (losses.length === 0) return 0
    return offsets.filter(offset => losses.some(({ first, last }) => first <= offset && offset <= last)).length
  }

  /** Whether a month that was dropped has the time of this id (RFC 9562, version 7). @param id 32 hexadecimal digits */
  isInDroppedMonth(id: string): boolean {
    return this.#retentions.some(({ entry }) => isOfMonth(entry, id))
  }

  get #retentions() {
    return this.#account.retentions.filter(({ source }) => source.isTrusted)
  }
}

function isOfMonth({ bounds }: EntryOf<'retention'>, id: string): boolean {
  const ms = Number.parseInt(id.slice(0, 12), 16)
  return Date.parse(bounds.from) <= ms && ms < Date.parse(bounds.to)
}

type Where = Pick<GonePlace, 'topic' | 'partition' | 'incarnation'>

const isOf = (one: Where, other: Where): boolean =>
  one.topic === other.topic &&
  one.partition === other.partition &&
  (one.incarnation === 0 || one.incarnation === other.incarnation)

const meets = (one: Pick<GonePlace, 'first' | 'last'>, other: Pick<GonePlace, 'first' | 'last'>): boolean =>
  one.first <= other.last && other.first <= one.last

/** Whether an entry is verified now. */
export const isVerified = ({ isOld, isTrusted }: Source): boolean => !isOld && isTrusted
