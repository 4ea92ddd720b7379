import { createHash, randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import {
  type Disclosure,
  disclose,
  type Ending,
  listDisclosures,
  personsOfStored,
  type Statement
} from '../../../operations/index.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const me = { actor: 'jo@host', verified: false, via: 'code' } as const
const statement: Statement = { party: 'the parent', purpose: 'request 2026-118', basis: 'subject' }
const give = (work: (disclosure: Disclosure) => Promise<Ending>, request = {}) =>
  disclose(trail.db, me, { ...statement, tool: 'a test', request }, work)
const row = async (number: number) => (await trail.rows('SELECT * FROM disclosures WHERE number = $1', [number]))[0]
const complete: Ending = { complete: true }

beforeAll(async () => {
  await trail.rows(
    `INSERT INTO field_meanings (event_name, path, meaning) VALUES
       ('thing.done', 'who.id', 'subject'), ('thing.done', 'x', 'public'), ('thing.shown', 'x', 'public')`
  )
})

test('it is there before content is given, and has its end, its ids and its persons afterwards', async () => {
  const [first, second] = [randomUUID(), randomUUID()]
  const given = await give(
    async disclosure => {
      expect(await row(disclosure.number)).toMatchObject({
        ended_at: null,
        complete: null,
        actor: 'jo@host',
        login: expect.stringMatching(/./),
        listed: false,
        ...statement,
        request: { asked: 'all' }
      })
      disclosure.count({ id: first, persons: ['ada', 'bob'] })
      disclosure.count({ id: second, persons: ['ada'] })
      disclosure.count({ persons: undefined })
      return { complete: true, bytes: 7, sha256: Buffer.from('ab', 'hex') }
    },
    { asked: 'all' }
  )
  expect(given).toMatchObject({ rows: 3, unattributed: 1, complete: true })
  const ended = await row(given.number)
  expect(ended).toMatchObject({ complete: true, rows: '3', unattributed: '1', bytes: '7', ended_at: expect.any(Date) })
  expect(ended?.ids_sha256).toEqual(createHash('sha256').update(`${first}\n${second}\n\n`).digest())
  const persons = 'SELECT subject, events FROM disclosure_subjects WHERE disclosure = $1 ORDER BY subject'
  expect(await trail.rows(persons, [given.number])).toEqual([
    { subject: 'ada', events: '2' },
    { subject: 'bob', events: '1' }
  ])
})

test('what breaks off has an end that says so, and what had been given until then', async () => {
  const fault = new Error('the disk is full')
  let number = 0
  const failing = give(async disclosure => {
    number = disclosure.number
    disclosure.count({ id: 'e', persons: ['carol'] })
    throw fault
  })
  await expect(failing).rejects.toBe(fault)
  expect(await row(number)).toMatchObject({ complete: false, rows: '1' })
  const [listed] = await listDisclosures(trail.db, { person: 'carol', limit: 1 })
  expect(listed).toMatchObject({ number, status: 'broken off', events: 1 })
})

test('persons of much are written as it is given, and are summed', async () => {
  const { number } = await give(async disclosure => {
    for (let round = 0; round < 2; round += 1) {
      for (let person = 0; person < 20_000; person += 1)
        disclosure.count({ id: String(person), persons: [`person-${person}`] })
      await disclosure.keepUp()
    }
    disclosure.count({ id: 'last', persons: ['person-7'] })
    expect(await trail.rows('SELECT FROM disclosure_subjects WHERE disclosure = $1', [disclosure.number])).toHaveLength(
      40_000
    )
    return complete
  })
  const [listed] = await listDisclosures(trail.db, { person: 'person-7', limit: 10 })
  expect(listed).toMatchObject({ number, rows: 40_001, events: 3 })
})

test('a person is listed what had them, what has no end, and what had rows of unknown persons', async () => {
  const theirs = await give(async disclosure => {
    disclosure.count({ id: 'e', persons: ['dora'] })
    return complete
  })
  const unknown = await give(async disclosure => {
    disclosure.count({ persons: undefined })
    return complete
  })
  await give(async disclosure => {
    disclosure.count({ id: 'e', persons: ['eve'] })
    return complete
  })
  const none = { actor: 'a', process: 'p', party: 'p', purpose: 'p', tool: 't' }
  const [killed] = await trail.rows(
    `INSERT INTO disclosures (actor, verified, via, process, tool, party, purpose, basis, listed, request)
     VALUES ($1, false, 'cli', $2, $3, $4, $5, 'unstated', true, '{}') RETURNING number`,
    [none.actor, none.process, none.tool, none.party, none.purpose]
  )
  const listed = await listDisclosures(trail.db, { person: 'dora', limit: 3 })
  expect(listed).toMatchObject([
    { number: Number(killed?.number), status: 'open', rows: null, events: null },
    { number: unknown.number, status: 'complete', unattributed: 1, events: null },
    { number: theirs.number, status: 'complete', events: 1 }
  ])
  const [next] = await listDisclosures(trail.db, { person: 'dora', limit: 1, before: unknown.number })
  expect(next?.number).toBe(theirs.number)
})

test.each([
  ["UPDATE disclosures SET party = 'another' WHERE ended_at IS NULL", 'append-only'],
  ['UPDATE disclosures SET ended_at = now(), complete = true, rows = 0 WHERE ended_at IS NOT NULL', 'append-only'],
  ['DELETE FROM disclosures', 'append-only'],
  ['TRUNCATE disclosures, disclosure_subjects', 'append-only'],
  ['DELETE FROM disclosure_subjects', 'append-only'],
  ['UPDATE disclosure_subjects SET events = 1', 'append-only'],
  [
    "INSERT INTO disclosure_subjects SELECT 'late', number, 1 FROM disclosures WHERE ended_at IS NOT NULL LIMIT 1",
    'has ended'
  ]
])('its owner is refused: %s', async (sql, words) => {
  await expect(trail.rows(sql)).rejects.toMatchObject({ code: '23001', message: expect.stringContaining(words) })
})

test('where it cannot be recorded, nothing is given', async () => {
  await trail.rows('ALTER TABLE disclosures RENAME TO elsewhere')
  try {
    let isGiven = false
    const refused = give(async () => {
      isGiven = true
      return complete
    })
    await expect(refused).rejects.toMatchObject({
      code: 'NOT_RECORDED',
      message: expect.stringContaining('Nothing was shown')
    })
    expect(isGiven).toBe(false)
  } finally {
    await trail.rows('ALTER TABLE elsewhere RENAME TO disclosures')
  }
})

test('content that was given is reported as given where the end cannot be recorded', async () => {
  const given = give(async () => {
    await trail.rows('ALTER TABLE disclosures RENAME TO elsewhere')
    return complete
  })
  try {
    await expect(given).rejects.toMatchObject({
      code: 'RESULT_NOT_RECORDED',
      message: expect.stringContaining('counts as given in full')
    })
  } finally {
    await trail.rows('ALTER TABLE elsewhere RENAME TO disclosures')
  }
})

test('persons of an event of the trail are found by the fields that name them; of others they are not known', async () => {
  const [known, unknown, open, absent] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const insert = `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
    VALUES ($1, gen_random_uuid(), now(), $2, $3, 1)`
  await trail.rows(insert, [known, 'thing.done', { who: { id: 'ada' }, x: 'not me' }])
  await trail.rows(insert, [unknown, 'thing.seen', { who: { id: 'ada' } }])
  await trail.rows(insert, [open, 'thing.shown', { x: 'for all' }])
  expect(await personsOfStored(trail.db, [known, unknown, open, absent, 'no id'])).toEqual(
    new Map([
      [known, ['ada']],
      [open, []]
    ])
  )
})
