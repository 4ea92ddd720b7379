import { describe, expect, test } from 'vitest'
import { checksOf, type Outcome } from '../../../../dev/demo/checks.ts'
import { checkTable, queriesAbout, timingLines } from '../../../../dev/demo/show/report.ts'
import { signsFor } from '../../../../dev/demo/show/words.ts'

const versions = new Map([
  ['lesson.published 1', 4],
  ['lesson.published 2', 16],
  ['quiz.submitted 1', 980]
])
const actors = new Map([
  ['student-1', 980],
  ['badge-rules', 20]
])
const good: Outcome = {
  events: 1_000,
  expected: {
    published: 1_000,
    mails: 90,
    badges: 30,
    letters: 7,
    tenths: 612_345,
    versions,
    actors,
    lessons: 20,
    favourite: { topic: 'Fractions', lessons: 3 }
  },
  found: {
    rows: 1_000,
    distinct: 1_000,
    tenths: 612_345,
    versions: new Map([...versions].reverse()),
    who: { complete: 1_000, requests: 1_000, actors: new Map([...actors].reverse()) },
    ledger: { rows: 1_000, ranges: 18, holes: 0, duplicates: 0, quarantined: 0, unaccounted: 0 },
    sampled: { compared: 100, different: 0 },
    documents: 20,
    search: { text: 'Fractions', hits: 3, right: 3, shown: '*Fractions*: thirds' },
    deadLetters: 7
  },
  inbox: { mails: 90, distinct: 90 },
  hook: { webhooks: 30, distinct: 30 },
  kill: { stored: 410, published: 520, recoveredMs: 2_900 },
  redrive: { listed: 7, codes: ['RECIPIENT_UNKNOWN'], handled: 7 },
  proof: {
    ...{ entries: 12, sealed: 9, rows: 1_000, findings: 0 },
    ...{ event: 'verified', tampered: ['ROWS_CHANGED'], place: 'quiz.submitted/0, offsets 0-99', afterwards: 0 }
  }
}
const { found, expected } = good
const failing = (outcome: Outcome) => checksOf(outcome).flatMap(({ id, ok }) => (ok ? [] : [id]))

describe('the checks', () => {
  test('pass when everything adds up', () => {
    expect(failing(good)).toEqual([])
  })

  test.each<[string, Partial<Outcome>, string[]]>([
    ['a row is missing', { found: { ...found, rows: 999, distinct: 999 } }, ['stored', 'ledger', 'who', 'proof']],
    ['a row has no actor', { found: { ...found, who: { ...found.who, complete: 999 } } }, ['who']],
    ['a request is that of two events', { found: { ...found, who: { ...found.who, requests: 999 } } }, ['who']],
    [
      'an event is of another actor',
      { found: { ...found, who: { ...found.who, actors: new Map([['student-1', 1_000]]) } } },
      ['who']
    ],
    ['an event was not published', { expected: { ...expected, published: 999 } }, ['stored']],
    ['an event stands there twice', { found: { ...found, distinct: 999 } }, ['once']],
    ['a record came twice and was left out', { found: { ...found, ledger: { ...found.ledger, duplicates: 1 } } }, []],
    ['the ledger has a hole', { found: { ...found, ledger: { ...found.ledger, holes: 1 } } }, ['ledger']],
    ['the ledger counts less', { found: { ...found, ledger: { ...found.ledger, rows: 999 } } }, ['ledger']],
    ['an event is in quarantine', { found: { ...found, ledger: { ...found.ledger, quarantined: 1 } } }, ['ledger']],
    ['an offset was skipped', { found: { ...found, ledger: { ...found.ledger, unaccounted: 1 } } }, ['ledger']],
    ['a group gave up on another event', { found: { ...found, deadLetters: 8 } }, ['letters']],
    ['a dead letter is not in the list', { redrive: { listed: 6, codes: [], handled: 6 } }, ['letters']],
    ['a dead letter is dead again', { redrive: { listed: 7, codes: [], handled: 6 } }, ['letters']],
    ['nothing was sent again', { redrive: undefined }, ['letters']],
    ['the proof has a finding', { proof: { ...good.proof, findings: 1 } }, ['proof']],
    ['the proof is not of all rows', { proof: { ...good.proof, rows: 999 } }, ['proof']],
    ['one event is not proved', { proof: { ...good.proof, event: 'not verified' } }, ['event']],
    ['no event is in the log', { proof: { ...good.proof, event: undefined } }, ['event']],
    ['a change is not found', { proof: { ...good.proof, tampered: [] } }, ['tampering']],
    ['a change is found that is none any more', { proof: { ...good.proof, afterwards: 1 } }, ['tampering']],
    ['the sink was not killed', { kill: undefined }, ['kill']],
    ['a version is missing', { found: { ...found, versions: new Map([...versions].slice(1)) } }, ['versions']],
    ['a row differs', { found: { ...found, sampled: { compared: 100, different: 1 } } }, ['content']],
    ['the marks do not add up', { found: { ...found, tenths: 612_344 } }, ['content']],
    ['a lesson is not indexed', { found: { ...found, documents: 19 } }, ['search']],
    [
      'a search finds less',
      { found: { ...found, search: { text: 'Fractions', hits: 2, right: 2, shown: '' } } },
      ['search']
    ],
    [
      'a search finds others',
      { found: { ...found, search: { text: 'Fractions', hits: 4, right: 3, shown: '' } } },
      ['search']
    ],
    ['a mail is missing', { inbox: { mails: 89, distinct: 89 } }, ['mails']],
    ['a mail came twice', { inbox: { mails: 91, distinct: 90 } }, ['mails']],
    ['a mail came twice and one not at all', { inbox: { mails: 90, distinct: 89 } }, ['mails']],
    ['a webhook is missing, or not signed', { hook: { webhooks: 29, distinct: 29 } }, ['webhooks']],
    ['a webhook came twice', { hook: { webhooks: 31, distinct: 30 } }, ['webhooks']]
  ])('when %s', (_, change, ids) => {
    expect(failing({ ...good, ...change })).toEqual(ids)
  })

  test('say that a small day has no dead letter to send again', () => {
    const small = {
      ...good,
      expected: { ...expected, letters: 0 },
      found: { ...found, deadLetters: 0 },
      redrive: undefined
    }
    expect(failing(small)).toEqual([])
  })

  test('say that nothing was left when the killed sink had stored all', () => {
    const [kill] = checksOf({ ...good, kill: { stored: 1_000, published: 1_000, recoveredMs: undefined } }).filter(
      ({ id }) => id === 'kill'
    )
    expect(kill).toMatchObject({ ok: true, detail: expect.stringContaining('nothing was left') })
  })
})

test('the table has a sign and the numbers in each line', () => {
  const table = checkTable(checksOf({ ...good, inbox: { mails: 89, distinct: 89 } }), signsFor({}))
  expect(table).toHaveLength(14)
  expect(table[0]).toBe('  ok   published = stored         1,000 = 1,000')
  expect(table.at(-5)).toBe('  NOT  mails arrive once          89 of 90, 89 different')
  expect(table.join()).toMatch(/^[\x20-\x7e]+$/)
})

test('the timings have rates', () => {
  expect(timingLines(10_000, { ready: 8_123, publish: 2_000, store: 5_000, done: 9_000 })).toEqual([
    '  ready      after 8.1 s',
    '  published  in 2.0 s     5,000 a second',
    '  stored     in 5.0 s     2,000 a second',
    '  all done   in 9.0 s'
  ])
  expect(timingLines(1, { ready: 1, publish: 1, store: 1, done: 1, redrive: 2_500 }).at(-1)).toBe(
    '  redriven   in 2.5 s'
  )
})

test('there are three questions, one about a student', () => {
  const queries = queriesAbout('01934567-89ab-7def-8000-000000000001')
  expect(queries).toHaveLength(3)
  expect(queries.filter(query => query.includes('01934567-89ab-7def-8000-000000000001'))).toHaveLength(1)
})
