import { classify, faultName } from '../classify.ts'
import { type RecordFault, TrailError } from '../errors.ts'
import { eventNameOfRow, withoutPayload } from '../rows/index.ts'
import { idOf, type RowBytes } from '../types.ts'
import { type Addition, nameRefuser } from './additions.ts'
import type { RowSession } from './session.ts'

/** Accused events of one name after which others of that name are tried, and how many of those. */
const sampleSize = 16

/** Unique and exclusion constraints refuse a second event and no first one, limits refuse what is large: never every event. */
const refusesSome = /^(?:23505|23P01|54)/

interface Accused<R> {
  readonly row: R
  readonly error: unknown
}

/**
 * Decides about rows that the table refuses although their values are good: something that others put on the table is
 * the reason. It is the row's own fault when the table takes another event of the same name: of this transaction, or
 * one that is stored already and is tried once more. Where it takes none, the table is the reason, and no row is blamed.
 */
export class TableTrial<R extends RowBytes> {
  readonly #session: RowSession
  readonly #blamesAlways: boolean
  readonly #accused = new Map<string, Accused<R>[]>()
  readonly #taken = new Set<string>()
  #rows: readonly R[] = []
  readonly #stored: (readonly R[])[] = []

  /** @param options `blamesAlways`: refuse a row without looking whether the table takes others. Default false. */
  constructor(session: RowSession, { blamesAlways = false }: { readonly blamesAlways?: boolean } = {}) {
    this.#session = session
    this.#blamesAlways = blamesAlways
  }

  /** How many rows are accused. */
  get size(): number {
    return [...this.#accused.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** All rows of this transaction, from which some are tried when many are refused. */
  begin(rows: readonly R[]): void {
    this.#rows = rows
  }

  /** The table took these. */
  stored(rows: readonly R[]): void {
    this.#stored.push(rows)
  }

  /**
   * The table refuses this row, and a plain table takes it.
   * @throws TrailError `TABLE_REFUSES_ALL` when many of its name were refused and none of others that were tried is taken
   */
  async accuse(row: R, error: unknown): Promise<void> {
    const name = nameOf(row)
    const accused = this.#accused.get(name) ?? []
    accused.push({ row, error })
    this.#accused.set(name, accused)
    if (accused.length !== sampleSize || (await this.#isProven(name, accused))) return
    if (await this.#takesOneOf(name, accused)) this.#taken.add(name)
    else throw await this.#refusesAll(name, error)
  }

  /**
   * @returns the accused rows, each with its fault
   * @throws TrailError `TABLE_REFUSES_ALL` when nothing shows that the table takes an event of their name
   */
  async verdict(): Promise<{ readonly row: R; readonly fault: RecordFault }[]> {
    if (this.#accused.size === 0) return []
    for (const [name, accused] of this.#accused)
      if (!(await this.#isProven(name, accused))) throw await this.#refusesAll(name, accused[0]?.error)
    const additions = await this.#session.additions()
    return [...this.#accused.values()]
      .flat()
      .map(({ row, error }) => ({ row, fault: faultOfRow(row, error, additions) }))
  }

  /** Whether the table is known to take other events of that name than the accused. */
  async #isProven(name: string, accused: readonly Accused<R>[]): Promise<boolean> {
    if (this.#blamesAlways || this.#taken.has(name) || accused.every(({ error }) => refusesSome.test(faultName(error))))
      return true
    const isProven =
      this.#stored.some(rows => rows.some(row => nameOf(row) === name)) || (await this.#takesWitness(name, accused))
    if (isProven) this.#taken.add(name)
    return isProven
  }

  /** A stored event, under the id of one that is accused: it meets the same partition. */
  async #takesWitness(name: string, [first]: readonly Accused<R>[]): Promise<boolean> {
    if (!first) return false
    const { row } = first
    let found = 0
    const isTaken = await this.#takes(async () => {
      found = await this.#session.copyWitness(name, idOf(row))
    })
    if (!isTaken || found > 0) return isTaken
    // None of that name is stored yet: at least the same row with another payload must be taken.
    return this.#takes(() => this.#session.copy([withoutPayload(row.buffer.bytes, row.start, row.end)], 1))
  }

  async #takesOneOf(name: string, accused: readonly Accused<R>[]): Promise<boolean> {
    const known = new Set(accused.map(({ row }) => row))
    const others = this.#rows.filter(row => !known.has(row) && nameOf(row) === name)
    const step = Math.max(1, Math.floor(others.length / sampleSize))
    for (let at = step >> 1; at < others.length; at += step) {
      const { buffer, start, end } = others[at] as R
      if (await this.#takes(() => this.#session.copy([buffer.bytes.subarray(start, end)], 1))) return true
    }
    return false
  }

  /** Whether Postgres does that; nothing of it stays. */
  async #takes(work: () => Promise<void>): Promise<boolean> {
    await this.#session.savepoint()
    try {
      await work()
      return true
    } catch (error) {
      const verdict = classify(error)
      if (verdict === 'server' || verdict === 'defect') throw error
      return verdict === 'duplicate' || refusesSome.test(faultName(error))
    } finally {
      await this.#session.rollbackToSavepoint()
    }
  }

  async #refusesAll(name: string, error: unknown): Promise<TrailError> {
    const refuser = nameRefuser(error, await this.#session.additions())
    return new TrailError(
      'TABLE_REFUSES_ALL',
      `The table of the trail takes no event ${name} (${faultName(error)}): see ${refuser}. These events wait until that is changed`,
      error
    )
  }
}

const nameOf = ({ buffer, start }: RowBytes): string => eventNameOfRow(buffer.bytes, start)

function faultOfRow(row: RowBytes, error: unknown, additions: readonly Addition[]): RecordFault {
  const refuser = nameRefuser(error, additions)
  return {
    code: 'TABLE_REFUSED',
    reason: `the table takes the values of other events and refuses these (${faultName(error)}): see ${refuser}, which is no part of the trail; change it, then retry`,
    eventId: idOf(row)
  }
}
