import { type Session, withLiterals } from '../../postgres/index.ts'
import type { FieldMeaning } from '../../schemas/index.ts'
import { type FoundRow, lineSql, type QuestionStatement } from '../search/index.ts'
import { openSnapshot, type SnapshotOptions } from './snapshot.ts'

/** Rows that are fetched at a time: a few MB at most, and twice that is held. */
const rowsAtOnce = 500

/**
 * All rows that answer a question, as they are at one moment, for work that reads on while its reader is slow: Postgres
 * waits as long as it takes.
 * @throws PostgresError `POSTGRES_UNAVAILABLE`; a database error, also when the signal aborts
 */
export async function* readAnswers(
  { text, values }: QuestionStatement,
  options: SnapshotOptions
): AsyncGenerator<readonly FoundRow[]> {
  const { session, close } = await openSnapshot(options)
  try {
    await session.query({ text: `DECLARE answers NO SCROLL CURSOR FOR ${text}`, values })
    let next = fetch(session)
    for (;;) {
      const { rows } = await next
      if (rows.length === 0) return
      // Postgres works at the next ones while these are given.
      next = fetch(session)
      next.catch(() => undefined)
      yield rows
    }
  } finally {
    await close()
  }
}

/** Takes the rows of an answer as lines of JSON. */
export interface LineTaker {
  /**
   * @param line bytes that have it from `start` to `end`, with its line break; they are the caller's until this returns
   * @param persons values of the fields that name one, as a list in JSON; undefined where the event has no meanings
   */
  take(
    line: { readonly bytes: Buffer; readonly start: number; readonly end: number },
    id: string,
    persons?: string
  ): void
  /** Called after some lines: the next ones are read once it resolves. */
  keepUp(): Promise<void>
}

/**
 * The same as {@link readAnswers} as lines of JSON, which Postgres composes: with half of the processor time, and without
 * an object or text for each value.
 * @throws as {@link readAnswers}
 */
export async function readLines(
  statement: QuestionStatement,
  meanings: readonly FieldMeaning[],
  options: SnapshotOptions,
  taker: LineTaker
): Promise<void> {
  const snapshot = await openSnapshot(options)
  try {
    await snapshot.copyOut(withLiterals(lineSql(statement, meanings)), {
      take(bytes, at) {
        const [start = 0, end = 0, idStart, idEnd, personsStart, personsEnd = -1] = at
        const persons = personsEnd < 0 ? undefined : bytes.toString('utf8', personsStart, personsEnd)
        taker.take({ bytes, start, end }, bytes.toString('latin1', idStart, idEnd), persons)
      },
      keepUp: () => taker.keepUp()
    })
  } finally {
    await snapshot.close()
  }
}

const fetch = (session: Session) => session.query<FoundRow>(`FETCH ${rowsAtOnce} FROM answers`)
