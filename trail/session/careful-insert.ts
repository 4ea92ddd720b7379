import { classify, faultName, isOfTable, isUnexplained, RowsLeftOut } from '../classify.ts'
import type { RecordFault, RecordFaultCode } from '../errors.ts'
import { refusedByPostgres, withoutPayload } from '../rows/index.ts'
import { idOf, type RowBytes, type RowsResult } from '../types.ts'
import { partition, piecesOf, portionsOf, rowKeyOf } from './row-bytes.ts'
import { inSavepoint, mayBeOfARow, RowQuestions } from './row-questions.ts'
import type { RowSession } from './session.ts'
import { TableTrial } from './table-trial.ts'

/**
 * Stores rows of which some may be stored already and Postgres may refuse some. Runs inside the caller's
 * transaction, on savepoints, so that offsets and ledger still move once.
 */
export class CarefulInsert<R extends RowBytes> {
  readonly #session: RowSession
  readonly #isolates: boolean
  readonly #questions: RowQuestions<R>
  readonly #trial: TableTrial<R>
  #stored = 0
  readonly #duplicates: R[] = []
  readonly #badRows: { row: R; fault: RecordFault }[] = []

  /**
   * @param options `isolate`: look also for the row on which a write fails for an unknown reason. `blamesAlways`: as in
   *   {@link TableTrial}. Both default to false.
   */
  constructor(session: RowSession, { isolate = false, blamesAlways = false }: CarefulOptions = {}) {
    this.#session = session
    this.#isolates = isolate
    this.#questions = new RowQuestions(session, isolate)
    this.#trial = new TableTrial(session, { blamesAlways })
  }

  /**
   * @param rows in the order in which they came
   * @param suspects those among them that Postgres may refuse: it is asked before they are copied
   * @param lookUp whether some of the rows may be stored already; default true. What a wrong `false` costs is a second try.
   * @throws TrailError `TABLE_REFUSES_ALL`
   */
  async run(rows: readonly R[], { suspects = [], lookUp = true }: RunOptions<R> = {}): Promise<RowsResult<R>> {
    this.#trial.begin(rows)
    const bad = await this.#refuseUnreadable(suspects)
    const readable = bad.size > 0 ? rows.filter(row => !bad.has(row)) : rows
    if (lookUp) await this.#insert(readable, 0)
    else await this.#insertFresh(readable, 0)
    this.#badRows.push(...(await this.#trial.verdict()))
    return { stored: this.#stored, duplicates: this.#duplicates, badRows: this.#badRows }
  }

  async #insert(rows: readonly R[], attempt: number): Promise<void> {
    if (rows.length === 0) return
    const seen = new Set<string>()
    const [firsts, repeats] = partition(rows, row => seen.size < seen.add(rowKeyOf(row)).size)
    const standing = await this.#session.standing(firsts)
    const [known, fresh] = partition(firsts, row => standing.has(rowKeyOf(row)))
    await this.#settle(known)
    const faults = this.#badRowCount
    await this.#insertFresh(fresh, attempt)
    // Two of one id in the same batch: the first is stored by now, and the second is compared with it; unless the first
    // was refused.
    if (this.#badRowCount === faults) await this.#settle(repeats)
    else await this.#insert(repeats, 0)
  }

  get #badRowCount(): number {
    return this.#badRows.length + this.#trial.size
  }

  async #insertFresh(rows: readonly R[], attempt: number): Promise<void> {
    if (rows.length === 0) return
    const failure = await inSavepoint(this.#session, () => this.#session.copy(piecesOf(rows), rows.length))
    if (!failure) {
      this.#count(rows)
      return
    }
    const verdict = classify(failure.error)
    if (verdict === 'duplicate') {
      // Another program stored one of them after the look-up: look again, and then let Postgres sort it out.
      if (attempt < 1) await this.#insert(rows, attempt + 1)
      else await this.#insertStaged(rows)
    } else if (mayBeOfARow(failure.error, this.#isolates)) await this.#isolate(rows, failure.error)
    else throw failure.error
  }

  #count(stored: readonly R[]): void {
    this.#stored += stored.length
    this.#trial.stored(stored)
  }

  /** Finds the rows that cannot be stored: Postgres's own parser first, then by halves. */
  async #isolate(rows: readonly R[], error: unknown): Promise<void> {
    const [only] = rows
    if (rows.length === 1 && only) {
      await this.#judge(only, error)
      return
    }
    const bad = await this.#refuseUnreadable(rows)
    if (bad.size > 0) {
      await this.#insertFresh(
        rows.filter(row => !bad.has(row)),
        0
      )
      return
    }
    const middle = rows.length >> 1
    await this.#insertFresh(rows.slice(0, middle), 0)
    await this.#insertFresh(rows.slice(middle), 0)
  }

  /** One row that was refused: for its values, for what others put on the table, or for a reason that is not known. */
  async #judge(row: R, error: unknown): Promise<void> {
    if (isUnexplained(error)) await this.#blame(row, error)
    else if (isOfTable(error) || (await this.#plainTakes(row))) await this.#trial.accuse(row, error)
    else if (classify(error) === 'row') this.#refuse(row, faultName(error))
    else await this.#blame(row, error)
  }

  /** Whether a table of the same columns takes the row, which has no index, no constraint and no trigger. */
  async #plainTakes(row: R): Promise<boolean> {
    await this.#session.savepoint()
    try {
      await this.#session.makeStaging()
      await this.#session.copyToStaging(piecesOf([row]), 1)
      return true
    } catch (error) {
      if (!mayBeOfARow(error, this.#isolates)) throw error
      return false
    } finally {
      await this.#session.rollbackToSavepoint()
    }
  }

  /**
   * Refuses a row on which a write fails for an unknown reason, once it is certain that the row brings it about: it
   * fails each time with the same error, and the same row with another payload is taken in between.
   */
  async #blame(row: R, error: unknown): Promise<void> {
    for (let again = 0; again < 2; again += 1) {
      if (!(await this.#takesWithoutPayload(row))) throw error
      const failure = await inSavepoint(this.#session, () => this.#session.copy(piecesOf([row]), 1))
      if (!failure) {
        this.#count([row])
        return
      }
      if (faultName(failure.error) !== faultName(error)) throw failure.error
    }
    this.#refuse(row, faultName(error), 'WRITE_FAILED')
  }

  async #takesWithoutPayload({ buffer, start, end }: R): Promise<boolean> {
    await this.#session.savepoint()
    try {
      await this.#session.copy([withoutPayload(buffer.bytes, start, end)], 1)
      return true
    } catch (error) {
      return classify(error) === 'duplicate'
    } finally {
      await this.#session.rollbackToSavepoint()
    }
  }

  /** Refuses those whose payload Postgres cannot read. @returns which these are. */
  async #refuseUnreadable(rows: readonly R[]): Promise<Set<R>> {
    const bad = new Set<R>()
    for (const some of portionsOf(rows))
      for (const [index, state] of await this.#questions.unreadable(some)) {
        const row = some[index] as R
        this.#refuse(row, state)
        bad.add(row)
      }
    return bad
  }

  #refuse(row: R, fault: string, code: RecordFaultCode = 'POSTGRES_REFUSED'): void {
    const failed = `each write of it fails (${fault}), and none of the same row with an empty payload`
    const reason = code === 'WRITE_FAILED' ? failed : refusedByPostgres(fault)
    this.#badRows.push({ row, fault: { code, reason, eventId: idOf(row) } })
  }

  /** Rows whose id is in the trail: the same content is a duplicate, any other a conflict. */
  async #settle(rows: readonly R[]): Promise<void> {
    for (const some of portionsOf(rows)) {
      // A payload that Postgres cannot read differs from anything that is stored; it must not end the comparison.
      const unreadable = await this.#questions.unreadable(some)
      const compared = some.filter((_, index) => !unreadable.has(index))
      const outcomes = new Map(
        (await this.#questions.compare(compared)).map((outcome, index) => [compared[index], outcome])
      )
      for (const row of some) {
        const outcome = outcomes.get(row) ?? false
        if (outcome === true) this.#duplicates.push(row)
        else this.#badRows.push({ row, fault: outcome ? incomparable(idOf(row), outcome) : conflict(idOf(row)) })
      }
    }
  }

  /** The second attempt: Postgres leaves out what other sessions have stored meanwhile. */
  async #insertStaged(rows: readonly R[]): Promise<void> {
    await this.#session.makeStaging()
    let taken = new Set<string>()
    const failure = await inSavepoint(this.#session, async () => {
      await this.#session.copyToStaging(piecesOf(rows), rows.length)
      taken = await this.#session.storeStaged()
    })
    if (failure) {
      if (!mayBeOfARow(failure.error, this.#isolates)) throw failure.error
      await this.#isolate(rows, failure.error)
      return
    }
    const [fresh, left] = partition(rows, row => taken.has(rowKeyOf(row)))
    this.#count(fresh)
    if (left.length === 0) return
    const standing = await this.#session.standing(left)
    const [known, leftOut] = partition(left, row => standing.has(rowKeyOf(row)))
    await this.#settle(known)
    // A trigger keeps them out: which ones, a COPY of each will say.
    if (leftOut.length > 0) await this.#isolate(leftOut, new RowsLeftOut(0, leftOut.length))
  }
}

interface CarefulOptions {
  readonly isolate?: boolean
  readonly blamesAlways?: boolean
}

interface RunOptions<R> {
  readonly suspects?: readonly R[]
  readonly lookUp?: boolean
}

const incomparable = (eventId: string, fault: string): RecordFault => {
  const reason = `each comparison with what is stored under its id fails (${fault})`
  return { code: 'WRITE_FAILED', reason, eventId }
}

const conflict = (eventId: string): RecordFault => ({
  code: 'CONFLICT',
  reason: 'the trail has an envelope with this id and other content',
  eventId
})
