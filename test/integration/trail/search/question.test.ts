import fc from 'fast-check'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { type FieldMeaning, parseExactJson } from '../../../../schemas/index.ts'
import {
  type Condition,
  cursorOf,
  type FoundRow,
  matcherOf,
  operators,
  parseCondition,
  type Question,
  questionSql
} from '../../../../trail/index.ts'
import { runs } from '../../../support/properties.ts'
import { testTrail } from '../../../support/trail.ts'

const trail = await testTrail()

// Few of each kind, so that questions find something.
const people = ['7', 'Ada', '0199a000-0000-7000-8000-0000000000ab', '0199a000-0000-7000-8000-0000000000cd'] as const
const names = ['quiz.submitted', 'badge.awarded'] as const
const numbers = ['7', '-7', '7.0', '73.50', '9007199254740993', '1e3']
const texts = ['7', 'true', 'Ada', 'a "quiz"', '\uffee', '\u{1f600}']
const scalars = fc.oneof(
  fc.constantFrom(...numbers),
  fc.constantFrom(...texts).map(text => JSON.stringify(text)),
  fc.constantFrom('true', 'false', 'null'),
  fc.constantFrom(...people).map(text => JSON.stringify(text))
)
const fields = [
  'student_id',
  'mark',
  'note',
  'items',
  'items[]',
  'items[].mark',
  'inner.mark',
  'inner."a.b"',
  'tags[][]'
]
const json = (parts: readonly (readonly [string, string | undefined])[]): string =>
  `{${parts.flatMap(([name, value]) => (value === undefined ? [] : [`${JSON.stringify(name)}: ${value}`])).join(', ')}}`
const maybe = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined })
const item = fc.oneof(
  scalars,
  scalars.map(mark => json([['mark', mark]]))
)
const list = (items: fc.Arbitrary<string>) => fc.array(items, { maxLength: 3 }).map(all => `[${all.join(', ')}]`)
const payloads = fc
  .tuple(
    maybe(scalars),
    maybe(fc.oneof(scalars, list(scalars))),
    maybe(scalars),
    maybe(fc.oneof(list(item), scalars)),
    maybe(
      fc.tuple(maybe(scalars), maybe(scalars)).map(([mark, ab]) =>
        json([
          ['mark', mark],
          ['a.b', ab]
        ])
      )
    ),
    maybe(list(list(scalars)))
  )
  .map(([student_id, mark, note, items, inner, tags]) =>
    json([
      ['student_id', student_id],
      ['mark', mark],
      ['note', note],
      ['items', items],
      ['inner', inner],
      ['tags', tags]
    ])
  )

const begin = 1_764_000_000_000_000n
const events = fc.record({
  id: fc.integer({ min: 0, max: 9 }),
  aggregateId: fc.constantFrom(people[2], people[3]),
  eventName: fc.constantFrom(...names),
  // Few microseconds, so that several events happen at once.
  occurredAt: fc.integer({ min: 0, max: 5 }).map(micros => begin + BigInt(micros)),
  payload: payloads
})

const meanings: readonly FieldMeaning[] = [
  { eventName: 'quiz.submitted', path: 'student_id', meaning: 'subject' },
  { eventName: 'quiz.submitted', path: 'items[].mark', meaning: 'subject' },
  { eventName: 'badge.awarded', path: '$aggregate', meaning: 'subject' },
  { eventName: 'badge.awarded', path: 'note', meaning: 'public' }
]

const conditions: fc.Arbitrary<Condition> = fc
  .record({ field: fc.constantFrom(...fields), is: fc.constantFrom(...operators), value: scalars })
  .map(({ field, is, value }) => {
    if (is === 'exists') return { field, is }
    const isLiteral = /^(true|false|null)$/.test(value)
    const isOrder = !['=', '≠', 'contains'].includes(is)
    const isEmpty = is === 'contains' && value === '""'
    return { field, is, value: (isOrder && isLiteral) || isEmpty ? '73.5' : value }
  })

const rarely = <T>(value: fc.Arbitrary<T>) => fc.oneof(fc.constant(undefined), fc.constant(undefined), value)

const time = fc.integer({ min: 0, max: 6 }).map(micros => `2025-11-24T16:00:00.00000${micros}Z`)
const questions: fc.Arbitrary<Question> = fc
  .record({
    person: rarely(fc.constantFrom<string>(...people, people[2].toUpperCase())),
    aggregate: rarely(fc.constantFrom(people[2], people[3])),
    eventName: rarely(fc.constantFrom(...names)),
    from: rarely(time),
    to: rarely(time),
    where: fc.array(conditions, { maxLength: 2 })
  })
  .map(given => {
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const question = set as unknown as Question
    const { from, to, where, ...others } = question
    const times: { readonly from?: string; readonly to?: string } =
      from !== undefined && to !== undefined && from >= to ? {} : question
    const narrow = question.person !== undefined || question.aggregate !== undefined
    return {
      ...others,
      ...(times.from !== undefined && { from: times.from }),
      ...(times.to !== undefined && { to: times.to }),
      where: narrow ? where : where.filter(({ is }) => is === '=')
    }
  })

test('SQL and memory answer every question alike, in the same order, in whole and page by page', async () => {
  const client = await trail.db.connect()
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 16 }),
        fc.array(questions, { minLength: 4, maxLength: 4 }),
        fc.constantFrom('newest' as const, 'oldest' as const),
        async (given, asked, order) => {
          const ids = given.map(() => v7()).sort()
          const stored = given.map((event, index) => ({ ...event, id: ids[index] ?? '' }))
          await client.query('BEGIN')
          await client.query(
            `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
           SELECT id, aggregate_id, timestamptz '1970-01-01Z' + micros * interval '1 microsecond', event_name, payload, 1
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::jsonb[]) AS e(id, aggregate_id, micros, event_name, payload)`,
            [
              ids,
              stored.map(e => e.aggregateId),
              stored.map(e => String(e.occurredAt)),
              stored.map(e => e.eventName),
              stored.map(e => e.payload)
            ]
          )
          const ask = async (question: Question, options: Parameters<typeof questionSql>[2]) => {
            const { text, values } = questionSql(question, meanings, { order, ...options })
            return (await client.query<FoundRow>(text, values)).rows
          }
          // As Postgres keeps it: numbers without an exponent.
          const kept = new Map(
            (
              await client.query<{ id: string; payload: string }>(
                'SELECT id, payload::text AS payload FROM event_envelopes'
              )
            ).rows.map(row => [row.id, parseExactJson(row.payload)])
          )
          try {
            for (const question of asked) {
              const matches = matcherOf(question, meanings)
              const expected = stored
                .filter(event => matches({ ...event, payload: kept.get(event.id) }))
                .sort((a, b) =>
                  a.occurredAt === b.occurredAt ? (a.id < b.id ? -1 : 1) : a.occurredAt < b.occurredAt ? -1 : 1
                )
                .map(({ id }) => id)
              if (order === 'newest') expected.reverse()
              const rows = await ask(question, {})
              expect(rows.map(({ id }) => id)).toEqual(expected)
              const paged: string[] = []
              for (let after: string | undefined; ; ) {
                const page = await ask(question, { after, limit: 2 })
                paged.push(...page.map(({ id }) => id))
                const last = page.at(-1)
                if (last === undefined) break
                after = cursorOf({ occurredAt: last.occurred_at, id: last.id })
              }
              expect(paged).toEqual(expected)
            }
          } finally {
            await client.query('ROLLBACK')
          }
        }
      ),
      { numRuns: runs(120) }
    )
  } finally {
    client.release()
  }
})

const at = (text: string) => ({ where: [parseCondition(text)], aggregate: people[2] })

// Random questions find nothing most of the time; these have one answer each.
test.each<[boolean, Partial<Question>]>([
  [true, at('mark>=73.5')],
  [true, at('mark>73.49')],
  [false, at('mark>73.5')],
  [true, at('mark<=73.5')],
  [false, at('mark<73.5')],
  [true, at('mark=73.50')],
  [false, at('mark!=73.50')],
  [true, at('mark!=73')],
  [false, at('other!=73')],
  [true, at('note="7"')],
  [true, at('note=7')],
  [false, at('note>6')],
  [true, at('note>"6"')],
  [true, at('big=9007199254740993')],
  [false, at('big=9007199254740992')],
  [true, at('big>9007199254740992')],
  [true, at('reason~number')],
  [false, at('reason~Number')],
  [true, at('reason?')],
  [false, at('title?')],
  [true, at('title=null')],
  [true, at('items[].mark=2')],
  [true, at('items[].mark>1')],
  [false, at('items[].mark!=2')],
  [false, at('items.mark=2')],
  [true, at('inner."a.b"=true')],
  [true, { person: '7' }],
  [true, { person: '7', eventName: 'quiz.submitted', from: '2025-11-24T16:00:00Z', to: '2025-11-24T16:00:00.000001Z' }],
  [false, { person: '7', to: '2025-11-24T16:00:00Z' }],
  [false, { person: '8' }]
])('%s: %j', async (holds, part) => {
  const question: Question = { where: [], ...part }
  const event = {
    id: '0199a000-0000-7000-8000-000000000001',
    aggregateId: people[2],
    eventName: 'quiz.submitted',
    occurredAt: begin,
    payload: `{"mark": 73.5, "note": "7", "big": 9007199254740993, "reason": "for number 12", "title": null,
      "items": [{"mark": 1}, {"mark": 2}], "inner": {"a.b": true}, "student_id": "7"}`
  }
  expect(matcherOf(question, meanings)({ ...event, payload: parseExactJson(event.payload) })).toBe(holds)
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES ($1, $2, '2025-11-24T16:00:00Z', $3, $4, 1) ON CONFLICT DO NOTHING`,
    [event.id, event.aggregateId, event.eventName, event.payload]
  )
  const { text, values } = questionSql(question, meanings, { limit: 5 })
  expect(await trail.rows(text, values)).toHaveLength(holds ? 1 : 0)
})
