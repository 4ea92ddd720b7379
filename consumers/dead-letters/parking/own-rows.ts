import { type Clock, type Logger, safeError } from '../../../core/index.ts'
import { keyOf, type TopicPartition, type TopicTable } from '../../../kafka/index.ts'
import { anyParkedRow, encodeRow, type ParkedRow, parkedRow, type RedriveRow, redriveRow, rowKeys } from './rows.ts'
import { compareVersions, versionOf } from './versions.ts'

/** What is parked is kept in this table; the one of a test may be in memory. */
export type ParkedTable = Pick<TopicTable, 'get' | 'entries' | 'put' | 'delete' | 'refresh' | 'onChange' | 'outdated'>

export interface OwnRowsOptions {
  readonly table: ParkedTable
  /**
   * ms since the group surely counted this member in; infinite where it may not do so: one that was suspended may have lost
   * its partitions.
   */
  readonly confirmedAgoMs: () => number
  readonly log: Logger
  readonly clock: Clock
}

/** ms for which a released aggregate keeps its row: what its member, or one before it, has sent arrives before. */
const keptMs = 3_600_000

/** Names of the two rows of an aggregate. */
export type RowNames = ReturnType<typeof rowKeys>

/**
 * The aggregates that are parked in the partitions of this member, as it knows them: as the table had them when it joined,
 * and what it has written since. The table is to repeat that: late rows of members before it are written over.
 */
export class OwnRows {
  readonly #options: OwnRowsOptions
  /** By the name of the row. */
  readonly #rows = new Map<string, ParkedRow>()
  /** When aggregates were released, oldest first, while the table has their rows. */
  #released = new Map<string, number>()
  #partitions = new Set<string>()
  #generation = 0
  #era = 0
  #writes = 0

  constructor(options: OwnRowsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#rows.size
  }

  get isMember(): boolean {
    return this.#options.confirmedAgoMs() < Number.POSITIVE_INFINITY
  }

  get(name: string): ParkedRow | undefined {
    return this.#rows.get(name)
  }

  isIn(place: TopicPartition): boolean {
    return this.#partitions.has(keyOf(place))
  }

  assigned(partitions: readonly TopicPartition[], generation: number): void {
    this.#partitions = new Set(partitions.map(keyOf))
    this.#generation = generation
    for (const [name, row] of this.#rows) if (!this.isIn(row)) this.#rows.delete(name)
  }

  /**
   * The table was read to its end after a join: it rules, also for partitions that were kept. Another member may have had
   * them in between, without this one knowing.
   * @returns what is parked
   */
  take(era: number): RowNames[] {
    this.#era = era
    this.#rows.clear()
    const released: [string, number][] = []
    for (const [name, value] of this.#options.table.entries()) {
      const row = name.startsWith('parked/') ? anyParkedRow(value) : undefined
      if (!row || !this.isIn(row)) continue
      if (row.released === undefined) this.#rows.set(name, row)
      else released.push([name, row.released])
    }
    this.#released = new Map(released.toSorted(([, one], [, other]) => one - other))
    this.#removeOld()
    return [...this.#rows.values()].map(row => rowKeys(row.topic, Buffer.from(row.key, 'base64')))
  }

  /** A row as this member writes it now. What it says must be of now: it counts more than all that was written before. */
  versioned<Row extends ParkedRow | RedriveRow>(row: Omit<Row, 'version'>): Row {
    this.#writes += 1
    return { ...row, version: [this.#era, this.#generation, this.#writes] } as unknown as Row
  }

  /** The table has it now. */
  wrote(name: string, row: ParkedRow): void {
    this.#released.delete(name)
    if (row.released === undefined) this.#rows.set(name, row)
    else {
      this.#rows.delete(name)
      this.#released.set(name, row.released)
      this.#removeOld()
    }
  }

  /** Writes a row again that this member knows otherwise than the table, or than the end of its log. */
  correct({ parked: name }: RowNames): void {
    const { table, clock } = this.#options
    const own = this.#rows.get(name)
    const value = table.get(name)
    const latest = anyParkedRow(value)
    const wanted = own ?? (latest && { ...latest, released: latest.released ?? clock.now() })
    if (!wanted || !this.isIn(wanted) || !this.isMember || this.#isLater(value)) return
    const row = parkedRow(value)
    if (own?.id === row?.id && own?.lastOffset === row?.lastOffset) this.#writeAgain(name)
    else this.#write(name, encodeRow(this.versioned<ParkedRow>(wanted)))
  }

  /** The same for what came of redriving it, which another member may have written: that row, as it is. */
  correctRedrive({ parked, redrive }: RowNames): void {
    const row = redriveRow(this.#options.table.get(redrive))
    if (row && row.parked === this.#rows.get(parked)?.id && this.isMember) this.#writeAgain(redrive)
  }

  #writeAgain(name: string): void {
    const { table } = this.#options
    const value = table.get(name)
    if (value && table.outdated.has(name)) this.#write(name, value)
  }

  #write(name: string, value: Buffer): void {
    const { table, log } = this.#options
    table
      .put(name, value)
      .catch(error => log.warn({ err: safeError(error) }, 'the row of a parked aggregate was not put right'))
  }

  /** Written by a member that has the partition after this one. */
  #isLater(value: Buffer | undefined): boolean {
    const [era, generation] = versionOf(value)
    return compareVersions([era, generation], [this.#era, this.#generation]) > 0
  }

  #removeOld(): void {
    const { table, log, clock } = this.#options
    const before = clock.now() - keptMs
    for (const [name, at] of this.#released) {
      if (at > before) break
      this.#released.delete(name)
      Promise.all([table.delete(name.replace('parked/', 'redrive/')), table.delete(name)]).catch(error =>
        log.debug({ err: safeError(error) }, 'the row of a released aggregate was not removed; the next member does it')
      )
    }
  }
}
