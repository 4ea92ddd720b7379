import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { openPgSession, pgPositions } from '../../../trail/session/pg-session.ts'
import { Database } from '../../simulator/database.ts'
import { fakePositions } from '../../simulator/positions.ts'
import { FakeSession } from '../../simulator/session.ts'
import { refusedByCopy } from '../../simulator/statements.ts'
import { Process, World } from '../../simulator/world.ts'
import { eventually } from '../../support/stack.ts'
import { runSessionScript } from '../../support/trail/session-script.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const pool = new pg.Pool({ connectionString: trail.databaseUrl, max: 2 })
afterAll(() => pool.end())

async function onPostgres(): Promise<unknown[]> {
  await trail.db.query(
    `ALTER TABLE event_envelopes ADD CONSTRAINT not_refused CHECK (payload->>'reason' <> '${refusedByCopy}')`
  )
  const open = () =>
    openPgSession({ database: trail.databaseUrl, group: trail.group, applicationName: 'eventtrail-sink/test', pool })
  const [a, b] = [await open(), await open()]
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'eventtrail-sink/test' AND wait_event_type = 'Lock'`
  try {
    return await runSessionScript({
      a,
      b,
      positions: pgPositions(pool, trail.group),
      blocked: () => eventually(async () => (await trail.rows(waiting)).length > 0, { what: 'one waits for the other' })
    })
  } finally {
    await Promise.all([a.end(), b.end()])
  }
}

async function onTheFake(): Promise<unknown[]> {
  const world = new World(1)
  const wire = {
    db: new Database(world),
    sessions: new Map(),
    latencyMs: 2,
    lastSession: 0,
    nextFault: () => undefined,
    pause: () => undefined,
    crash: () => undefined
  }
  const [one, other] = [new Process(world), new Process(world)]
  const script = runSessionScript({
    a: new FakeSession(wire, one),
    b: new FakeSession(wire, other),
    positions: fakePositions(wire, one),
    blocked: () => one.wait(100)
  })
  let done = false
  void script.finally(() => {
    done = true
  })
  await world.run(600_000, () => done)
  return script
}

test('the fake database of the simulator answers as Postgres does', async () => {
  expect(await onTheFake()).toEqual(await onPostgres())
})
