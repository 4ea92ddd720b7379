import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { monthPartition } from '../../../trail/months.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, quiz, type TestEvent, testTrail } from '../../support/trail.ts'

// What a DBA puts on the table of the trail is the DBA's: it refuses what it refuses, and stops nothing else.
const trail = await testTrail({ partitions: 1 })
for (const name of ['badge.awarded', 'quiz.submitted', 'lesson.published']) await trail.offer(name)
const lanes = { ...trail.sinkOptions, connections: 1 }
const month = monthPartition(new Date()).table

/** A statement that changes the table. Of two that wait for each other, a sink's and this one, Postgres ends either. */
async function change(sql: string): Promise<void> {
  for (;;) {
    try {
      await trail.rows(sql)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01') throw error
    }
  }
}

let undo: string[] = []
/** Puts something on the table until the end of the test. */
async function put(sql: string, ...drop: readonly string[]): Promise<void> {
  await change(sql)
  undo.push(...drop)
}
async function takeBack(): Promise<void> {
  for (const sql of undo) await change(sql)
  undo = []
}
const trigger = async (body: string, kind = 'TRIGGER refuser BEFORE INSERT', more = '') => {
  await trail.rows(`CREATE OR REPLACE FUNCTION refuser() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`)
  await put(
    `CREATE ${kind} ON event_envelopes ${more} FOR EACH ROW EXECUTE FUNCTION refuser()`,
    'DROP TRIGGER refuser ON event_envelopes'
  )
}
const column = (sql: string) =>
  put(`ALTER TABLE event_envelopes ADD COLUMN extra ${sql}`, 'ALTER TABLE event_envelopes DROP COLUMN extra')
const check = (sql: string) =>
  put(
    `ALTER TABLE event_envelopes ADD CONSTRAINT refuser CHECK (${sql}) NOT VALID`,
    'ALTER TABLE event_envelopes DROP CONSTRAINT refuser'
  )
const index = (on: string, sql: string, kind = 'INDEX') =>
  put(`CREATE ${kind} refuser ON ${on} ${sql}`, 'DROP INDEX refuser')

const stored = async () => (await trail.rows('SELECT id FROM event_envelopes')).map(({ id }) => String(id))
const held = () =>
  trail.rows("SELECT number, code, event_id, reason FROM sink_quarantine WHERE status = 'held' ORDER BY 1")
const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id)
const doctor = () => runCli(['doctor'], trail.env)

afterEach(async () => {
  await takeBack()
  // Not DELETE: while another session of the server holds an old snapshot, an index is built over deleted rows as well.
  await trail.tamper('TRUNCATE event_envelopes')
  await trail.rows("UPDATE sink_quarantine SET status = 'discarded' WHERE status = 'held'")
})

const bad = () => quiz(66.25)
const longTitle = () => lesson(randomBytes(9_000).toString('base64'))

interface Case {
  readonly what: string
  readonly build: () => Promise<unknown>
  readonly bad: () => TestEvent | Omit<TestEvent, 'aggregateId'>
  readonly good?: () => Omit<TestEvent, 'aggregateId'>
  readonly state: string
  readonly names: RegExp
}

const cases: Case[] = [
  {
    what: 'an index on a text that is too long for it',
    build: () => index('event_envelopes', `((payload ->> 'title'))`),
    bad: longTitle,
    good: lesson,
    state: '54000',
    names: /index refuser of event_envelopes\b/
  },
  {
    what: 'a check',
    build: () => check(`payload ->> 'score_raw' <> '66.25'`),
    bad,
    state: '23514',
    names: /constraint refuser/
  },
  {
    what: 'a check that asks for a field',
    build: () => check(`payload ? 'title' OR event_name NOT LIKE 'lesson%'`),
    bad: () => lesson('', 1),
    good: lesson,
    state: '23514',
    names: /constraint refuser/
  },
  {
    what: 'a unique index of a partition',
    build: () => index(month, `((payload ->> 'score_raw'))`, 'UNIQUE INDEX'),
    bad: () => quiz(0),
    state: '23505',
    names: /index refuser of event_envelopes_/
  },
  {
    what: 'a generated column',
    build: () => column(`numeric GENERATED ALWAYS AS (1 / ((payload ->> 'score_raw')::numeric - 66.25)) STORED`),
    bad,
    state: '22012',
    names: /column extra/
  },
  {
    what: 'an index on an expression',
    build: () => index('event_envelopes', `((1 / ((payload ->> 'score_raw')::numeric - 66.25)))`),
    bad,
    state: '22012',
    names: /index refuser/
  },
  {
    what: 'a trigger that raises',
    build: () => trigger(`IF NEW.payload ->> 'score_raw' = '66.25' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;`),
    bad,
    state: 'P0001',
    names: /trigger refuser/
  },
  {
    what: 'a trigger that leaves rows out',
    build: () => trigger(`IF NEW.payload ->> 'score_raw' = '66.25' THEN RETURN NULL; END IF; RETURN NEW;`),
    bad,
    state: 'ROWS_LEFT_OUT',
    names: /trigger refuser/
  },
  {
    what: 'a constraint that is checked at the end',
    build: () =>
      trigger(
        `IF NEW.payload ->> 'score_raw' = '66.25' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;`,
        'CONSTRAINT TRIGGER refuser AFTER INSERT',
        'DEFERRABLE INITIALLY DEFERRED'
      ),
    bad,
    state: 'P0001',
    names: /trigger refuser/
  }
]

test.each(cases)('$what: the event goes aside and can be put back, all others are stored', async each => {
  const good = each.good ?? quiz
  let score = 0
  const other = () => {
    score += 1
    return each.good ? good() : quiz(score - 1)
  }
  const before = await trail.publish([other(), other()])
  await using sink = createSink(lanes)
  await sink.start()
  await sink.whenCaughtUp()
  await each.build()

  // Alone in its batch, and then between others.
  const [alone] = await trail.publish([each.bad()])
  await sink.whenCaughtUp()
  expect(await held()).toMatchObject([{ code: 'TABLE_REFUSED', event_id: alone?.id }])
  const [next] = await trail.publish([each.bad()])
  const others = await trail.publish([other(), badge(), other()])
  await sink.whenCaughtUp()
  expect((await stored()).sort()).toEqual(idsOf([...before, ...others]).sort())
  const entries = await held()
  expect(entries.map(({ event_id }) => event_id)).toEqual([alone?.id, next?.id])
  for (const { reason } of entries) {
    expect(reason).toContain(each.state)
    expect(reason).toMatch(each.names)
    expect(reason).not.toContain('66.25')
  }
  expect(sink.health().notReady).toEqual([])

  const numbers = entries.map(({ number }) => String(number))
  const early = await runCli(['quarantine', 'retry', ...numbers, '--reason', 'a test'], trail.env)
  expect(early.code).toBe(1)
  expect((await held()).map(({ code }) => code)).toEqual(['TABLE_REFUSED', 'TABLE_REFUSED'])
  const { stdout } = await doctor()
  expect(stdout).toMatch(each.names)
  await takeBack()
  expect((await runCli(['quarantine', 'retry', ...numbers, '--reason', 'a test'], trail.env)).code).toBe(0)
  expect(await stored()).toEqual(expect.arrayContaining(idsOf([...(alone ? [alone] : []), ...(next ? [next] : [])])))
  expect(await held()).toEqual([])
})

test.each([
  {
    what: 'a column that is NOT NULL and has no default',
    build: async () => {
      await column('text')
      // As it is in a table with rows: they have been given one.
      await trail.rows("UPDATE event_envelopes SET extra = 'x'")
      await change('ALTER TABLE event_envelopes ALTER COLUMN extra SET NOT NULL')
    },
    others: false,
    names: 'column extra of event_envelopes'
  },
  {
    what: 'a check',
    build: () => check(`event_name <> 'quiz.submitted'`),
    others: true,
    names: 'constraint refuser of event_envelopes'
  },
  {
    what: 'a trigger that raises',
    build: () => trigger(`IF NEW.event_name = 'quiz.submitted' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;`),
    others: true,
    names: 'trigger refuser of event_envelopes'
  },
  {
    what: 'a trigger that leaves rows out',
    build: () => trigger(`IF NEW.event_name = 'quiz.submitted' THEN RETURN NULL; END IF; RETURN NEW;`),
    others: true,
    names: 'trigger refuser of event_envelopes'
  }
])('$what that refuses every event: they wait, and it is reported', async ({ build, others, names }) => {
  await using sink = createSink(lanes)
  await sink.start()
  const before = await trail.publish([quiz()])
  await sink.whenCaughtUp()
  await build()
  const quizzes = await trail.publish(Array.from({ length: 400 }, (_, number) => quiz(number)))
  await eventually(() => sink.health().notReady.some(reason => reason.includes(names)), {
    what: 'it is told',
    timeoutMs: 60_000
  })
  const badges = await trail.publish([badge(), badge()])
  if (others) {
    await eventually(async () => (await trail.count('event_envelopes')) === 3, {
      what: 'the others are stored',
      timeoutMs: 60_000
    })
  }
  const { stdout } = await doctor()
  expect(stdout).toContain(names)
  expect(await held()).toEqual([])
  await takeBack()
  await sink.whenCaughtUp()
  expect((await stored()).sort()).toEqual(idsOf([...before, ...quizzes, ...badges]).sort())
  expect(await held()).toEqual([])
  expect(sink.health().notReady).toEqual([])
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})

test('doctor distinguishes what refuses nothing from what may, and says nothing of the trail itself', async () => {
  expect((await doctor()).stdout).toContain('as eventtrail made it')
  await put('CREATE INDEX harmless ON event_envelopes (actor, aggregate_id, occurred_at)', 'DROP INDEX harmless')
  await put('CREATE INDEX contents ON event_envelopes USING gin (payload)', 'DROP INDEX contents')
  await column('text')
  const { stdout } = await doctor()
  expect(stdout).toMatch(/ok.*refuses no event: column extra of event_envelopes, index contents.*, index harmless/)
})
