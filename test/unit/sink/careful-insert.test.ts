import { expect, it } from 'vitest'
import { copyRow } from '../../../sink/copy-row.ts'
import { CarefulInsert } from '../../../sink/rows.ts'
import { Database } from '../../simulator/database.ts'
import { FakeSession } from '../../simulator/session.ts'
import { refusedByCopy } from '../../simulator/statements.ts'
import { Process, World } from '../../simulator/world.ts'

const row = (payload: string, offset: number) => {
  const bytes = copyRow({
    id: '0190a5b2-0000-7000-8000-000000000001',
    aggregateId: '0190a5b2-0000-7000-8000-000000000002',
    occurredAt: 1_700_000_000_000_000n,
    eventName: 'badge.awarded',
    payload,
    schemaVersion: 1,
    partition: 0,
    offset
  })
  return { text: { bytes }, start: 0, end: bytes.length }
}

it('stores the second of an id when Postgres refuses the first, and compares the third with it', async () => {
  const world = new World(1)
  const session = new FakeSession(
    {
      db: new Database(world),
      sessions: new Map(),
      latencyMs: 1,
      lastSession: 0,
      nextFault: () => undefined,
      pause: () => undefined,
      crash: () => undefined
    },
    new Process(world)
  )
  const rows = [row(`{"a":"${refusedByCopy}"}`, 0), row('{"a":"good"}', 1), row('{"a":"good"}', 2)] as const
  const inserting = session.begin().then(() => new CarefulInsert(session).run(rows))
  let done = false
  void inserting.finally(() => {
    done = true
  })
  await world.run(60_000, () => done)
  expect(await inserting).toMatchObject({ stored: 1, duplicates: [rows[2]], refused: [{ row: rows[0] }] })
})
