import { expect, test } from 'vitest'
import { silentLogger } from '../../../../core/logger.ts'
import { statementOf } from '../../../../sink/statement-of.ts'
import { Writer } from '../../../../sink/write/writer.ts'
import { CopyBuffer } from '../../../../trail/rows/copy-buffer.ts'
import { Database, type Entry, nameOfEntry } from '../../../simulator/database.ts'
import { fakePositions } from '../../../simulator/positions.ts'
import { FakeSession, type StatementFault } from '../../../simulator/session.ts'
import { Process, World } from '../../../simulator/world.ts'
import { testOrigin, testParties } from '../../../support/proof/parties.ts'
import { chunk } from '../chunks.ts'

const topic = 'lesson.published'

/** A writer on a fake database, whose time passes only where a test lets it. */
async function stage() {
  const world = new World(1)
  const db = new Database(world, { prover: { origin: testOrigin, signer: testParties.sink } })
  const process = new Process(world)
  let fault: StatementFault | undefined
  const wire = {
    db,
    sessions: new Map(),
    latencyMs: 2,
    lastSession: 0,
    nextFault: () => fault,
    pause: () => undefined,
    crash: () => undefined
  }
  const writer = new Writer({
    openSession: async () => new FakeSession(wire, process),
    beginStatement: prover => statementOf(prover, { group: 'sink', topicPrefix: '' }),
    watch: { blockedAfterMs: 1_500 },
    log: silentLogger,
    clock: process
  })
  /** Lets time pass until it is done. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let done = false
    work.then(
      () => (done = true),
      () => (done = true)
    )
    await world.run(60_000, () => done)
    return work
  }
  await settled(fakePositions(wire, process).open([{ topic, partition: 0, start: 0 }]))
  const batchAt = (first: number) => ({
    ...{ buffer: new CopyBuffer(), rows: 0, bytes: 0, trigger: 'linger' as const },
    chunks: [chunk(first, 0, { skipped: 1, last: first })]
  })
  return {
    db,
    world,
    writer,
    write: (first: number) => settled(writer.write(batchAt(first))),
    settled,
    entries: () => [...db.tables.entries.values()].map(({ seq, open }) => ({ seq, open })),
    writers: () => new Set([...db.tables.entries.values()].map(entry => entry.writer)).size,
    seal: () => db.seal(),
    /** Someone else adds the next entry of the last writer. */
    take: () => {
      const last = [...db.tables.entries.values()].at(-1) as Entry
      const next = { ...last, seq: last.seq + 1, entry: 'made up', open: false }
      db.tables.entries.set(nameOfEntry(next), next)
    },
    fail: (next: StatementFault | undefined) => {
      fault = next
    }
  }
}

test('a statement is extended while batches come, and closed once none did for ten seconds', async () => {
  const { world, write, entries, writer } = await stage()
  await write(0)
  await world.run(6_000, () => false)
  expect((await write(1)).statements).toBe(1)
  await world.run(9_000, () => false)
  expect(entries()).toEqual([{ seq: 0, open: true }])
  await world.run(2_000, () => false)
  expect(entries()).toEqual([{ seq: 0, open: false }])
  await write(2)
  expect(entries()).toEqual([
    { seq: 0, open: false },
    { seq: 1, open: true }
  ])
  await writer.close()
})

test('one that was sealed while it was open is refused once, and its batch is stored with another one', async () => {
  const { write, entries, seal, writer } = await stage()
  await write(0)
  seal()
  expect(await write(1)).toMatchObject({ refusals: 1, statements: 1, stored: [{ first: 1 }] })
  expect(entries()).toEqual([
    { seq: 0, open: false },
    { seq: 1, open: true }
  ])
  await writer.close()
})

test('where someone else has taken the next number, its batch is stored by another writer', async () => {
  const { write, entries, writers, seal, take, writer } = await stage()
  await write(0)
  take()
  seal()
  expect(await write(1)).toMatchObject({ refusals: 2, statements: 1, stored: [{ first: 1 }] })
  expect(entries()).toEqual([
    { seq: 0, open: false },
    { seq: 1, open: false },
    { seq: 0, open: true }
  ])
  expect(writers()).toBe(2)
  expect(await write(2)).toMatchObject({ refusals: 0 })
  await writer.close()
})

test('where no statement is taken, it fails, and nothing is stored', async () => {
  const { write, entries, db, writer } = await stage()
  await write(0)
  db.takesStatements = false
  await expect(write(1)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' })
  db.takesStatements = true
  expect(entries()).toEqual([{ seq: 0, open: true }])
  expect(await write(1)).toMatchObject({ stored: [{ first: 1 }] })
  await writer.close()
})

test('the session after one that broke closes what that left open, and has statements of its own', async () => {
  const { write, entries, writers, fail, writer } = await stage()
  await write(0)
  fail({ kind: 'error', code: '57P01' })
  await expect(write(1)).rejects.toMatchObject({ code: '57P01' })
  fail(undefined)
  await write(1)
  expect(entries()).toEqual([
    { seq: 0, open: false },
    { seq: 0, open: true }
  ])
  expect(writers()).toBe(2)
  await writer.close()
})

test('what is open at the end is closed', async () => {
  const { write, entries, settled, writer } = await stage()
  await write(0)
  await settled(writer.finish())
  expect(entries()).toEqual([{ seq: 0, open: false }])
  await settled(writer.finish())
  await writer.close()
})
