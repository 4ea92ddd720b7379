import { describe, expect, it } from 'vitest'
import { CarefulInsert } from '../../../trail/session/careful-insert.ts'
import { Database } from '../../simulator/database.ts'
import { FakeSession } from '../../simulator/session.ts'
import { refusedByCopy } from '../../simulator/statements.ts'
import { Process, World } from '../../simulator/world.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'

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
  return { buffer: { bytes }, start: 0, end: bytes.length }
}

function fakeSession(world: World): FakeSession {
  return new FakeSession(
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
}

describe('rows that cannot be compared with what is stored', () => {
  const repeated = Array.from({ length: 9 }, (_, offset) => row(`{"a":"${offset === 6 ? 'strange' : 'good'}"}`, offset))

  /** Postgres fails where it is asked about a strange payload: each time, or only the first times. */
  async function insert(times: number, isolate = true) {
    const world = new World(1)
    const session = fakeSession(world)
    const { sameContent } = session
    let left = times
    session.sameContent = async contents => {
      if (!contents.some(({ payload }) => payload.includes('strange')) || left === 0) return sameContent(contents)
      left -= 1
      await session.unreadable([])
      if (session.transaction) session.transaction.aborted = true
      throw Object.assign(new Error('a fault of Postgres'), { code: 'XX000' })
    }
    const inserting = session.begin().then(() => new CarefulInsert(session, { isolate }).run(repeated))
    let done = false
    void inserting
      .catch(() => undefined)
      .finally(() => {
        done = true
      })
    await world.run(60_000, () => done)
    return inserting
  }

  it('are put aside, and the others are settled', async () => {
    const { stored, duplicates, badRows } = await insert(Number.POSITIVE_INFINITY)
    expect([stored, duplicates.length]).toEqual([1, 7])
    expect(badRows).toMatchObject([{ row: repeated[6], fault: { code: 'WRITE_FAILED' } }])
    expect(badRows[0]?.fault.reason).toContain('XX000')
  })

  it('are compared after all where the trouble was not theirs', async () => {
    const { stored, duplicates, badRows } = await insert(5)
    expect([stored, duplicates.length]).toEqual([1, 7])
    expect(badRows).toMatchObject([{ row: repeated[6], fault: { code: 'CONFLICT' } }])
  })

  it('fail the batch as long as it does not look for them', async () => {
    await expect(insert(1, false)).rejects.toMatchObject({ code: 'XX000' })
  })
})

it('stores the second of an id when Postgres refuses the first, and compares the third with it', async () => {
  const world = new World(1)
  const session = fakeSession(world)
  const rows = [row(`{"a":"${refusedByCopy}"}`, 0), row('{"a":"good"}', 1), row('{"a":"good"}', 2)] as const
  const inserting = session.begin().then(() => new CarefulInsert(session).run(rows))
  let done = false
  void inserting.finally(() => {
    done = true
  })
  await world.run(60_000, () => done)
  expect(await inserting).toMatchObject({ stored: 1, duplicates: [rows[2]], badRows: [{ row: rows[0] }] })
})
