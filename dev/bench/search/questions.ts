import type { Question } from '../../../trail/index.ts'
import { aggregateKind, aggregatesIn, personKind, personsIn, uuidOfNumber } from './data.ts'

/** A kind of question, and one of its kind by number. */
export interface BenchQuestion {
  readonly name: string
  readonly label: string
  readonly ask: (n: number) => { readonly question: Question; readonly after?: string }
}

/** What a trail of the benchmark has. */
export interface BenchTrail {
  readonly rows: number
  /** ms since 1970 of the first event and of the last. */
  readonly first: number
  readonly last: number
}

const day = 86_400_000

/** The questions of people, each with values that change from one to the next. */
export function benchQuestions({ rows, first, last }: BenchTrail): readonly BenchQuestion[] {
  const iso = (ms: number) => new Date(ms).toISOString()
  const moment = (n: number, before = 0) => first + ((n * 7_919) % Math.max(1, Math.floor(last - first - before)))
  const during = (n: number, days: number) => {
    const from = moment(n, days * day)
    return { from: iso(from), to: iso(from + days * day) }
  }
  const aggregate = (n: number) => uuidOfNumber(aggregateKind, (n * 104_729) % aggregatesIn(rows))
  const person = (n: number) => uuidOfNumber(personKind, (n * 7_907) % personsIn(rows))
  const plain = (question: Partial<Question>) => ({ question: { where: [], ...question } })
  return [
    { name: 'aggregate', label: 'time line of an aggregate', ask: n => plain({ aggregate: aggregate(n) }) },
    { name: 'person', label: 'one person, in two fields or as aggregate', ask: n => plain({ person: person(n) }) },
    {
      name: 'person-month',
      label: 'the same in one month',
      ask: n => plain({ person: person(n), ...during(n, 30) })
    },
    {
      name: 'value',
      label: 'a value that 1 in 588 events has',
      ask: () => plain({ where: [{ field: 'note', is: '=', value: 'late' }] })
    },
    { name: 'newest', label: 'newest of all', ask: () => plain({}) },
    {
      name: 'middle',
      label: 'a page in the middle',
      ask: n => ({ ...plain({}), after: `${iso(moment(n))}_${uuidOfNumber(aggregateKind, 0)}` })
    },
    { name: 'day', label: 'one day', ask: n => plain(during(n, 1)) },
    {
      name: 'rare-week',
      label: 'a rare name in a week',
      ask: n => plain({ eventName: 'course.closed', ...during(n, 7) })
    },
    { name: 'common', label: 'newest of a common name', ask: () => plain({ eventName: 'quiz.submitted' }) },
    { name: 'rare', label: 'newest of a rare name', ask: () => plain({ eventName: 'course.closed' }) },
    {
      name: 'compare',
      label: 'name, month and `score_raw > 99.8`',
      ask: n =>
        plain({
          eventName: 'quiz.submitted',
          ...during(n, 30),
          where: [{ field: 'score_raw', is: '>', value: '99.8' }]
        })
    }
  ]
}
