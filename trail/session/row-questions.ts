import { classify, faultName } from '../classify.ts'
import { contentOf, type RowBytes } from '../types.ts'
import type { RowSession } from './session.ts'

/** Asks Postgres about many rows at once, and by halves where one of them makes the question fail. */
export class RowQuestions<R extends RowBytes> {
  readonly #session: RowSession
  readonly #isolates: boolean

  /** @param isolates whether to look for the row on which a question fails for an unknown reason */
  constructor(session: RowSession, isolates: boolean) {
    this.#session = session
    this.#isolates = isolates
  }

  /** Whether each is the same as what is stored under its id; the name of an error where each comparison of it fails. */
  async compare(rows: readonly R[]): Promise<(boolean | string)[]> {
    if (rows.length === 0) return []
    let same = new Set<number>()
    const ask = async () => {
      same = await this.#session.sameContent(rows.map(contentOf))
    }
    const failure = this.#isolates ? await inSavepoint(this.#session, ask) : await ask()
    if (!failure) return rows.map((_, index) => same.has(index))
    if (!mayBeOfARow(failure.error, this.#isolates)) throw failure.error
    const [only] = rows
    if (rows.length === 1 && only) return [await this.#compareAgain(only, failure.error)]
    const before = await this.compare(rows.slice(0, rows.length >> 1))
    return [...before, ...(await this.compare(rows.slice(rows.length >> 1)))]
  }

  /** A row that is not compared is to blame once it is certain, as in `CarefulInsert`. */
  async #compareAgain(row: R, error: unknown): Promise<boolean | string> {
    const content = contentOf(row)
    for (let again = 0; again < 2 && classify(error) !== 'row'; again += 1) {
      await this.#session.sameContent([{ ...content, payload: '{}' }])
      let same = false
      const failure = await inSavepoint(this.#session, async () => {
        same = (await this.#session.sameContent([content])).size > 0
      })
      if (!failure) return same
      if (faultName(failure.error) !== faultName(error)) throw failure.error
    }
    return faultName(error)
  }

  /** The rows, by index, whose payload Postgres cannot read, with the SQLSTATE. */
  async unreadable(rows: readonly R[]): Promise<Map<number, string>> {
    const ask = () => this.#session.unreadable(rows.map(row => contentOf(row).payload))
    if (!this.#isolates || rows.length === 0) return ask()
    let found = new Map<number, string>()
    const failure = await inSavepoint(this.#session, async () => {
      found = await ask()
    })
    if (!failure) return found
    // Postgres's parser says most of what is wrong, and ends the question at what is too large.
    if (!mayBeOfARow(failure.error, this.#isolates)) throw failure.error
    if (rows.length === 1) return new Map(classify(failure.error) === 'row' ? [[0, faultName(failure.error)]] : [])
    const middle = rows.length >> 1
    const before = await this.unreadable(rows.slice(0, middle))
    const after = await this.unreadable(rows.slice(middle))
    return new Map([...before, ...[...after].map(([index, state]): [number, string] => [index + middle, state])])
  }
}

/** Whether a row may be the reason of an error. @param isolates whether those are looked for whose reason is unknown */
export function mayBeOfARow(error: unknown, isolates: boolean): boolean {
  const verdict = classify(error)
  return verdict === 'row' || (isolates && verdict === 'unknown')
}

/** Does something that may fail without the loss of the transaction. @returns the failure, undefined when there was none. */
export async function inSavepoint(
  session: Pick<RowSession, 'savepoint' | 'rollbackToSavepoint' | 'releaseSavepoint'>,
  work: () => Promise<unknown>
): Promise<{ error: unknown } | undefined> {
  await session.savepoint()
  try {
    await work()
  } catch (error) {
    await session.rollbackToSavepoint()
    return { error }
  }
  await session.releaseSavepoint()
  return undefined
}
