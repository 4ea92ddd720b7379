import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { inboxMigrations } from '../../../../consumers/inbox/index.ts'
import { RejectMessage } from '../../../../consumers/index.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, testSchool } from '../school.ts'

const school = await testSchool()
const pool = new pg.Pool({ connectionString: school.databaseUrl, max: 4 })
afterAll(() => pool.end())
const setUp = await pool.connect()
await migrate(setUp, inboxMigrations)
await setUp.query('CREATE TABLE effects (event_id uuid NOT NULL, aggregate uuid, number bigserial)')
await setUp.query('CREATE TABLE repeated (event_id uuid NOT NULL)')
setUp.release()

const count = async (table: string) => Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count)

function member(topicPrefix: string): ChildProcess {
  const script = fileURLToPath(new URL('./member.ts', import.meta.url))
  const env = { ...process.env, ...school.env, TOPIC_PREFIX: topicPrefix }
  const child = spawn(process.execPath, [script], { env, stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('members are killed: each event is done once, in the order of its aggregate', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 3)
  const aggregates = Array.from({ length: 8 }, () => randomUUID())
  const published = new Map<string, string[]>()
  const publish = async (each: number) => {
    await Promise.all(
      aggregates.map(async aggregateId => {
        const events = Array.from({ length: each }, (_, number) => quiz(randomUUID(), number, { aggregateId }))
        published.set(aggregateId, [...(published.get(aggregateId) ?? []), ...(await term.publish(...events))])
      })
    )
  }
  await publish(60)
  for (const done of [60, 200]) {
    const killed = member(term.topicPrefix)
    await eventually(async () => (await count('effects')) > done, { what: 'a member works', timeoutMs: 60_000 })
    killed.kill('SIGKILL')
  }
  member(term.topicPrefix)
  await eventually(async () => (await count('effects')) >= 480, {
    what: 'the last member did the rest',
    timeoutMs: 60_000
  })
  // What was done and not committed came again.
  expect(await count('repeated')).toBeGreaterThan(0)
  const { rows } = await pool.query<{ event_id: string; aggregate: string }>(
    'SELECT event_id, aggregate FROM effects ORDER BY number'
  )
  expect(rows).toHaveLength(480)
  for (const [aggregate, ids] of published)
    expect(rows.filter(row => row.aggregate === aggregate).map(({ event_id }) => event_id)).toEqual(ids)
})

test('case 13: the same id twice is one effect, and while the table is missing events wait', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await pool.query('CREATE SCHEMA later')
  const id = randomUUID()
  const effects: string[] = []
  const group = await term.group({
    group: 'waiting',
    inbox: { schema: 'later' },
    handlers: {
      'badge.awarded': async ({ payload }, { once }) => {
        await once(pool, () => {
          if (payload.reason === 'bad') throw new RejectMessage('no use')
          effects.push(payload.reason)
        })
      }
    }
  })
  await term.publish(
    badge(randomUUID(), 'one', { id }),
    badge(randomUUID(), 'other', { id }),
    badge(randomUUID(), 'bad')
  )
  await eventually(() => group.stats().retried > 5, { what: 'the events are tried again' })
  expect(group.stats()).toMatchObject({ handled: 0, deadLettered: 0 })
  await pool.query('CREATE TABLE later.eventtrail_inbox (LIKE eventtrail_inbox INCLUDING ALL)')
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ handled: 2, deadLettered: 1 })
  expect(effects).toHaveLength(1)
  expect(await count('later.eventtrail_inbox')).toBe(1)
})
