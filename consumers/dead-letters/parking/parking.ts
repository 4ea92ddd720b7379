import { randomUUID } from 'node:crypto'
import { backoffMs, pause, safeError } from '../../../core/index.ts'
import { KafkaError, type TopicPartition } from '../../../kafka/index.ts'
import { BusyAggregates } from './busy-aggregates.ts'
import { OwnRows, type OwnRowsOptions, type RowNames } from './own-rows.ts'
import type { Begin, Parkable } from './parkable.ts'
import {
  brokenAt,
  encodeRow,
  endedAt,
  goesBack,
  isDrained,
  type ParkedRow,
  parkedRow,
  parkedWith,
  type RedriveRow,
  redriveRow,
  rowKeys,
  type Unversioned
} from './rows.ts'
import { eraOf } from './versions.ts'

export interface ParkingOptions extends OwnRowsOptions {
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
}

/**
 * Which aggregates are parked: after a message that failed for good, later ones of its aggregate go to the dead letters
 * too, until all of them were redriven. Of the partitions that this member reads its own rows rule ({@link OwnRows}). For
 * others the table is read. What is written counts by the generation in which it was decided; a join in between means that
 * it is decided again, by what the table has then.
 *
 * unknown → (assigned) → reading the table → (its end) → known; → (assigned) → reading …
 */
export class Parking {
  readonly #options: ParkingOptions
  readonly #own: OwnRows
  /** Resolves when it is known what is parked; undefined when it is. */
  #known: Promise<void> | undefined
  /** How often partitions were assigned. */
  #joins = 0
  #generation = 0
  /** They are not released meanwhile. */
  readonly #busy = new BusyAggregates()
  readonly #releasing = new Map<string, Promise<void>>()
  readonly #forget: () => void

  constructor(options: ParkingOptions) {
    this.#options = options
    this.#own = new OwnRows(options)
    this.#forget = options.table.onChange(changes => this.#changed(changes.keys()))
  }

  /** How many aggregates are parked in the partitions of this member. */
  get size(): number {
    return this.#own.size
  }

  close(): void {
    this.#forget()
  }

  /**
   * This member reads these partitions now. No message of a new one begins before the table was read to its end.
   * @param generation of the group
   */
  assigned(partitions: readonly TopicPartition[], generation: number): void {
    this.#own.assigned(partitions, generation)
    this.#joins += 1
    this.#generation = generation
    const join = this.#joins
    // Not at once: what the table brings from here on is not yet held against the memory.
    const known = Promise.resolve().then(() => this.#read(join))
    this.#known = known
    void known.then(() => {
      if (this.#known === known) this.#known = undefined
    })
  }

  /** Whether a message can be handled without asking {@link begin}: nothing of its aggregate is parked. */
  isFree({ record, source, redriven }: Parkable): boolean {
    if (redriven || record.key === null) return !redriven
    if (this.#known !== undefined) return false
    return this.#own.size === 0 || !this.#own.get(rowKeys(source.topic, record.key).parked)
  }

  /** What has to be done with a message whose turn has come. @throws SendError, KafkaError where that is not known */
  async begin(message: Parkable): Promise<Begin> {
    const { record, redriven } = message
    await this.#untilKnown()
    if (record.key === null) return 'handle'
    if (redriven) return this.#beginRedriven(message, record.key)
    const names = rowKeys(message.source.topic, record.key)
    await this.#releasing.get(names.parked)
    await this.#untilKnown()
    if (this.#own.get(names.parked)) await this.#release(names)
    // The partition may have been another member's meanwhile, which has parked more.
    await this.#untilKnown()
    if (!this.#own.get(names.parked)) return 'handle'
    this.#busy.add(names.parked, message)
    return 'park'
  }

  /** Whether later messages of the aggregate wait for this one. */
  parks({ record, redriven }: Parkable): boolean {
    if (record.key === null) return false
    return !redriven || this.#parkedRow(redriven.origin?.topic ?? '', record.key) !== undefined
  }

  /**
   * Must be done before the dead letter of a message is written: else a crash in between would leave a letter whose
   * aggregate is not parked.
   * @param begin what {@link begin} said of it
   * @throws SendError
   */
  async beforeLetter(message: Parkable, begin: Begin): Promise<void> {
    const { record, redriven, source } = message
    if (record.key === null) return
    if (redriven) {
      if (begin === 'handle') await this.#noteRedrive(message, record.key, brokenAt)
      return
    }
    const { topic, partition } = source
    const name = rowKeys(topic, record.key).parked
    this.#busy.add(name, message)
    const fresh = {
      ...{ id: randomUUID(), topic, partition, key: record.key.toString('base64') },
      since: new Date(this.#options.clock.now()).toISOString()
    }
    const make = () => parkedWith(this.#own.get(name), record.offset, fresh)
    const written = await this.#write<ParkedRow>(message, name, make)
    if (written) this.#own.wrote(name, written)
  }

  /** The message has ended, however it was left. */
  end(message: Parkable): void {
    const { record, redriven, source } = message
    if (record.key === null || redriven || this.#busy.isEmpty) return
    const names = rowKeys(source.topic, record.key)
    if (!this.#busy.remove(names.parked, message)) return
    this.#releaseSoon(names)
    if (this.#known === undefined) this.#correct(names)
  }

  /** The end marker of a redrive was reached: all its letters of the aggregate have ended. @throws SendError, KafkaError */
  async drained(message: Parkable): Promise<void> {
    const { record, redriven } = message
    const end = redriven?.end
    if (record.key === null || end === undefined) return
    await this.#noteRedrive(message, record.key, (row, redrive, at) => endedAt(row, redrive, at, end))
  }

  async #beginRedriven({ record, redriven }: Parkable, key: Buffer): Promise<Begin> {
    const topic = redriven?.origin?.topic
    if (topic === undefined) return 'handle'
    if (!this.#parkedRow(topic, key)) await this.#options.table.refresh()
    const row = this.#parkedRow(topic, key)
    if (!row) return 'handle'
    const redrive = this.#redriveRow(rowKeys(topic, key).redrive)
    return goesBack(row, redrive, { action: redriven?.action ?? '', offset: record.offset }) ? 'park' : 'handle'
  }

  async #noteRedrive(message: Parkable, key: Buffer, note: typeof brokenAt): Promise<void> {
    const { record, redriven } = message
    const topic = redriven?.origin?.topic
    if (topic === undefined) return
    // What is known may be an earlier time of being parked: noted for that, it would count for nothing.
    await this.#untilKnown()
    await this.#options.table.refresh()
    const name = rowKeys(topic, key).redrive
    await this.#write<RedriveRow>(message, name, () => {
      const row = this.#parkedRow(topic, key)
      return row && note(row, this.#redriveRow(name), { action: redriven?.action ?? '', offset: record.offset })
    })
  }

  /**
   * Writes a row, and once more where this member has joined again meanwhile: what it wrote is of the generation before.
   * @returns the row; undefined where there is nothing to write, or the partition of the message is another member's
   * @throws SendError, KafkaError where the group may not count this member in: the next one may not have read the row
   */
  async #write<Row extends ParkedRow | RedriveRow>(
    { source }: Parkable,
    name: string,
    make: () => Unversioned<Row> | undefined
  ): Promise<Row | undefined> {
    for (;;) {
      await this.#untilKnown()
      const join = this.#joins
      const made = source.isLost ? undefined : make()
      if (!made) return undefined
      const row = this.#own.versioned<Row>(made)
      await this.#options.table.put(name, encodeRow(row))
      if (join !== this.#joins) continue
      if (!this.#own.isMember) throw new KafkaError('KAFKA_UNAVAILABLE', 'the group may not count this member in')
      return row
    }
  }

  #parkedRow(topic: string, key: Buffer): ParkedRow | undefined {
    const name = rowKeys(topic, key).parked
    return this.#own.get(name) ?? parkedRow(this.#options.table.get(name))
  }

  #redriveRow(name: string): RedriveRow | undefined {
    return redriveRow(this.#options.table.get(name))
  }

  async #untilKnown(): Promise<void> {
    while (this.#known !== undefined) await this.#known
  }

  async #read(join: number): Promise<void> {
    const { table, stopping, log, clock } = this.#options
    const isNow = () => join === this.#joins && !stopping.aborted
    // Not `retry()`: it ends when this member has joined again.
    for (let failures = 1; isNow(); failures += 1) {
      try {
        await table.refresh()
        const { era, isNew } = eraOf(table.entries().values(), this.#generation)
        if (isNow() && (!isNew || (await this.#confirmed(isNow)))) this.#take(era)
        return
      } catch (error) {
        log.error(
          { err: safeError(error) },
          'it cannot be read which aggregates are parked: no message begins; it is tried again'
        )
        await pause(backoffMs(failures, { initialMs: 200, maxMs: 10_000 }, clock.random), stopping, clock)
      }
    }
  }

  /** Waits for a heartbeat that was sent from here on: this member has not missed a later generation. */
  async #confirmed(isNow: () => boolean): Promise<boolean> {
    const { confirmedAgoMs, stopping, clock } = this.#options
    const since = clock.monotonic()
    while (isNow() && confirmedAgoMs() > clock.monotonic() - since) await pause(50, stopping, clock)
    return isNow()
  }

  #take(era: number): void {
    for (const names of this.#own.take(era)) this.#releaseSoon(names)
    this.#changed(this.#options.table.outdated, true)
  }

  #changed(changes: Iterable<string>, isKnown = this.#known === undefined): void {
    if (!isKnown) return
    for (const change of changes) {
      const [kind, topic, key] = change.split('/')
      if (topic === undefined || key === undefined) continue
      const names = rowKeys(topic, Buffer.from(key, 'base64url'))
      if (kind === 'parked') this.#correct(names)
      else {
        this.#releaseSoon(names)
        this.#own.correctRedrive(names)
      }
    }
  }

  #correct(names: RowNames): void {
    if (!this.#isWriting(names.parked)) this.#own.correct(names)
  }

  #isWriting(name: string): boolean {
    return this.#busy.has(name) || this.#releasing.has(name)
  }

  #releaseSoon(names: RowNames): void {
    if (this.#isWriting(names.parked)) return
    this.#release(names).catch(error =>
      this.#options.log.warn({ err: safeError(error) }, 'an aggregate was not released; its next event tries again')
    )
  }

  async #release(names: RowNames): Promise<void> {
    const { parked, redrive } = names
    const row = this.#own.get(parked)
    const { table, log, clock } = this.#options
    if (!row || !this.#own.isMember || !isDrained(row, this.#redriveRow(redrive))) return
    const over = Promise.withResolvers<void>()
    this.#releasing.set(parked, over.promise)
    const join = this.#joins
    try {
      const released = this.#own.versioned<ParkedRow>({ ...row, released: clock.now() })
      await table.put(parked, encodeRow(released))
      if (join !== this.#joins || !this.#own.isMember) return
      this.#own.wrote(parked, released)
      log.info({ topic: row.topic, partition: row.partition, since: row.since }, 'a parked aggregate was released')
    } finally {
      this.#releasing.delete(parked)
      over.resolve()
      void this.#untilKnown().then(() => {
        // It was decided in a generation that is over.
        if (join !== this.#joins) this.#releaseSoon(names)
        this.#correct(names)
      })
    }
  }
}
