import { Parking } from '../../../../consumers/dead-letters/parking/parking.ts'
import { parkedRow } from '../../../../consumers/dead-letters/parking/rows.ts'
import { machineClock, silentLogger } from '../../../../core/index.ts'
import { Reading, type Source } from './reading.ts'
import { TableLog, TableView } from './table-view.ts'

interface Letter {
  readonly key: string
  readonly offset: number
}

interface Redriven extends Letter {
  readonly action: string
  readonly end?: number
}

interface Member {
  readonly parking: Parking
  readonly table: TableView
  /** It was killed: nothing that it was about to do is done. */
  isDead: boolean
}

export const source = { topic: 'order.placed', partition: 0 }
const redrive = { topic: 'stock.dead-letters-redrive', partition: 0 }

/**
 * A group of three members, one partition with the events of some aggregates and one with redriven letters. Rows of the
 * table are stored when a step says so. A member may learn late that there was a rebalance, and continue what it had
 * begun; effects are held against the order of the log.
 */
export class ParkingWorld {
  readonly table = new TableLog()
  readonly letters: Letter[] = []
  readonly effects = new Map<string, number[]>()
  readonly faults: string[] = []
  readonly #members: Member[] = []
  readonly #events: Reading<string>
  readonly #redriven = new Reading<Redriven>(redrive, [], 1)
  readonly #stopping = new AbortController()
  #generation = 0
  /** The generation that each member knows. */
  readonly #knows = [0, 0, 0]
  /** Resolves when a member learns of a rebalance. */
  #learned = Promise.withResolvers<void>()
  #actions = 0

  constructor(keys: readonly string[]) {
    this.#events = new Reading(source, [...keys], 0)
    for (const member of [0, 1, 2]) this.#members.push(this.#newMember(member))
    this.rebalance(0, 1)
  }

  /** Aggregates that are parked, as a new member reads them. */
  get parked(): string[] {
    const view = new TableView(this.table)
    view.pull()
    return [...view.entries()].flatMap(([key, value]) => (key.startsWith('parked/') && parkedRow(value) ? [key] : []))
  }

  get keys(): readonly string[] {
    return this.#events.log
  }

  get hasEvents(): boolean {
    return this.#events.hasMore
  }

  get hasRedriven(): boolean {
    return this.#redriven.hasMore
  }

  publish(key: string): void {
    this.#events.log.push(key)
  }

  /** The owner begins the next event, unless one of its aggregate runs. @param crash whether it is killed before the letter */
  event(fails: boolean, crash = false): Promise<void> {
    return this.#step(
      this.#events,
      key => key,
      async (key, offset, source, member) => {
        const message = { record: { key: Buffer.from(key), offset }, source }
        return await this.#deliver(member, message, { key, offset }, fails, crash)
      }
    )
  }

  /** The same for the next redriven letter. */
  letter(fails: boolean, crash = false): Promise<void> {
    return this.#step(
      this.#redriven,
      ({ key }) => key,
      async (letter, next, from, member) => {
        const { action, end } = letter
        const origin = { ...source, offset: end ?? letter.offset }
        const redriven = { origin, action, end, firstFailure: undefined }
        const message = { record: { key: Buffer.from(letter.key), offset: next }, source: from, redriven }
        if (end === undefined) return await this.#deliver(member, message, letter, fails, crash)
        return await this.#persisted(member, from, () => member.parking.drained(message))
      }
    )
  }

  /**
   * An operator sends all letters of an aggregate that are there, and were not sent before; none while letters of another
   * redrive are on their way: what is after them would overtake them.
   */
  redrive(key: string): void {
    const all = this.letters.filter(letter => letter.key === key)
    if (all.length === 0 || this.#redriven.uncommitted.some(each => each.key === key)) return
    this.letters.splice(0, this.letters.length, ...this.letters.filter(letter => letter.key !== key))
    this.#actions += 1
    const action = String(this.#actions)
    const offsets = [...new Set(all.map(({ offset }) => offset))].toSorted((one, other) => one - other)
    for (const offset of offsets) this.#redriven.log.push({ key, offset, action })
    this.#redriven.log.push({ key, offset: -1, action, end: offsets.at(-1) as number })
  }

  commit(): void {
    for (const reading of [this.#events, this.#redriven]) if (this.#isAware(reading.owner)) reading.commit()
  }

  /**
   * Other members get the partitions; what was not committed comes again.
   * @param late this member does not learn of it yet
   */
  rebalance(events: number, redriven: number, late = -1): void {
    this.#generation += 1
    this.#events.moveTo(events)
    this.#redriven.moveTo(redriven)
    for (const member of this.#members.keys()) if (member !== late) this.learn(member)
  }

  /** A member joins in the generation that there is. */
  learn(member: number): void {
    if (this.#isAware(member)) return
    this.#knows[member] = this.#generation
    const sources = [this.#events, this.#redriven].flatMap(each => each.assignedTo(member) ?? [])
    this.#members[member]?.parking.assigned(sources, this.#generation)
    this.#learned.resolve()
    this.#learned = Promise.withResolvers()
  }

  /** A member reads what the others have written. */
  pull(member: number): void {
    this.#members[member]?.table.pull()
  }

  #isAware(member: number): boolean {
    return this.#knows[member] === this.#generation
  }

  #newMember(index: number): Member {
    const table = new TableView(this.table)
    const parking = new Parking({
      table,
      stopping: this.#stopping.signal,
      confirmedAgoMs: () => (this.#isAware(index) ? 0 : Number.POSITIVE_INFINITY),
      log: silentLogger,
      clock: machineClock
    })
    return { table, parking, isDead: false }
  }

  async #step<T>(
    reading: Reading<T>,
    keyOf: (each: T) => string,
    work: (each: T, offset: number, source: Source, member: Member) => Promise<boolean>
  ): Promise<void> {
    const { owner } = reading
    const member = this.#members[owner]
    if (!member || !this.#isAware(owner)) return
    const begun = reading.begin(keyOf)
    if (!begun) return
    const { each, offset, source: from } = begun
    reading.end(from, offset, await work(each, offset, from, member))
  }

  /** As the delivery does it. @returns whether it has ended */
  async #deliver(
    member: Member,
    message: Parameters<Parking['begin']>[0],
    letter: Letter,
    fails: boolean,
    crash: boolean
  ): Promise<boolean> {
    const { parking } = member
    const isLost = () => message.source.isLost === true || member.isDead
    try {
      const begun = parking.isFree(message) ? 'handle' : await parking.begin(message)
      if (isLost()) return false
      if (begun === 'handle' && !fails) {
        this.#effect(letter)
        return true
      }
      if (!(await this.#persisted(member, message.source, () => parking.beforeLetter(message, begun)))) return false
      if (crash) {
        this.#restart(member)
        return false
      }
      this.letters.push({ key: letter.key, offset: letter.offset })
      return true
    } finally {
      if (!member.isDead) parking.end(message)
    }
  }

  /** @returns whether it was done, and is still for this member to do: until it has learned of a rebalance it cannot know */
  async #persisted(member: Member, source: { readonly isLost?: boolean }, work: () => Promise<void>): Promise<boolean> {
    const isOver = () => source.isLost === true || member.isDead
    while (!isOver()) {
      try {
        await work()
        return !isOver()
      } catch {
        await this.#learned.promise
      }
    }
    return false
  }

  /** What it had in memory is gone. */
  #restart(member: Member): void {
    const index = this.#members.indexOf(member)
    member.isDead = true
    member.parking.close()
    for (const reading of [this.#events, this.#redriven]) reading.forget(index)
    this.#members[index] = this.#newMember(index)
    this.rebalance(this.#events.owner, this.#redriven.owner)
  }

  #effect({ key, offset }: Letter): void {
    const done = this.effects.get(key) ?? []
    this.effects.set(key, done)
    const missing = this.#events.log.findIndex((each, at) => each === key && at < offset && !done.includes(at))
    if (missing >= 0) this.faults.push(`${key}: ${offset} was handled before ${missing}`)
    if (!done.includes(offset)) done.push(offset)
  }
}
