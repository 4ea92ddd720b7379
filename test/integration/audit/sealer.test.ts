import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, expect, test } from 'vitest'
import type { Sealer, TileStore } from '../../../audit/index.ts'
import { machineClock } from '../../../core/index.ts'
import { parseCheckpoint, parseNote, signerOf } from '../../../proof/index.ts'
import { addEntry } from '../../../trail/index.ts'
import { sealing } from '../../support/audit/sealing.ts'
import { pemOf } from '../../support/proof/keys.ts'
import { testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'

const trail = await provedTrail()
const { place, openPlace, sealer: newSealer, connect, wholeLog } = sealing(trail.databaseUrl)
const folder = place()
const store = await openPlace(folder)
const running: Sealer[] = []
const sealer = (...given: Parameters<typeof newSealer>): Sealer => {
  const made = newSealer(...given)
  running.push(made)
  return made
}
afterEach(async () => {
  for (const each of running.splice(0)) await each.close()
})

let next = 0
/** Stores a stretch in an entry of its own, which can be sealed at once. */
async function entry(): Promise<void> {
  await trail.writer('sink', { rows: 1 }).store([{ first: next, last: next + 2 }])
  next += 3
}

const sealed = () => trail.rows('SELECT number::int, log_index::int FROM proof_entries WHERE log_index IS NOT NULL')
const sealedTexts = async () =>
  (await trail.rows('SELECT entry FROM proof_entries WHERE log_index IS NOT NULL ORDER BY log_index')).map(
    ({ entry }) => entry
  )
const sizeIn = (path: string): number => parseCheckpoint(parseNote(readFileSync(path, 'utf8')).text).size
const files = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter(each => each.isFile())
      .map(each => join(each.parentPath, each.name))
      .sort()
      .map(each => [each.slice(path.length), readFileSync(each, 'base64')])
  )

test('entries get their places in the log, which is published with a checkpoint that a verifier takes', async () => {
  await entry()
  await entry()
  const first = sealer([store])
  expect(await first.round()).toMatchObject({ isOurs: true, size: 3, more: false, lagging: [] })
  expect(first.health()).toEqual({ notReady: [], dead: [] })
  expect(await wholeLog(folder)).toHaveLength(3)
  expect(sizeIn(join(folder, 'checkpoint'))).toBe(3)
  const before = files(folder)
  expect(await first.round()).toMatchObject({ judgement: { sealed: [] }, size: 3 })
  expect(files(folder)).toEqual(before)
  await entry()
  expect(await first.round()).toMatchObject({ size: 4 })
  expect(await wholeLog(folder)).toEqual(await sealedTexts())
  // Nothing that was there has another content, but the newest checkpoint.
  const { '/checkpoint': _, ...rest } = before
  expect(files(folder)).toMatchObject(rest)
  const [checkpoint] = await trail.rows('SELECT size::int, places FROM proof_checkpoints ORDER BY size DESC LIMIT 1')
  expect(checkpoint).toMatchObject({ size: 4, places: { [store.address]: expect.stringMatching(/^20.*Z$/) } })
})

test('a sealer that is killed at any step is continued with the same bytes', async () => {
  /** One that dies before, or just after, its n-th write. */
  const dyingAt = (step: number, after: boolean): TileStore => {
    let left = step
    return {
      ...store,
      put: async (...put) => {
        left -= 1
        if (left === 0 && !after) throw new Error('killed')
        await store.put(...put)
        if (left === 0) throw new Error('killed')
      }
    }
  }
  let steps = 0
  for (let died = true; died; steps += 1) {
    died = false
    for (const after of [false, true]) {
      await entry()
      await sealer([dyingAt(steps + 1, after)])
        .round()
        .catch(error => {
          expect(String(error)).toContain('killed')
          died = true
        })
      for (const each of running.splice(0)) await each.close()
      // What it had sealed is published as it was, not sealed again.
      const places = await sealed()
      const { size } = await sealer([store]).round()
      for (const each of running.splice(0)) await each.close()
      expect(await sealed()).toEqual(expect.arrayContaining(places))
      expect(sizeIn(join(folder, 'checkpoint'))).toBe(size)
      await wholeLog(folder)
    }
  }
  // Bundle, tile, checkpoint of the size, newest checkpoint.
  expect(steps).toBe(5)
})

test.each([
  ['COMMIT', 'after'],
  ['COMMIT', 'before'],
  ['INSERT INTO proof_checkpoints', 'after'],
  ['INSERT INTO proof_checkpoints', 'before']
])('a session that is lost at %s, %s it was done, is no reason to seal twice', async (statement, when) => {
  await entry()
  let isLost = false
  const dying = sealer([store], {
    connect: async () => {
      const session = await connect()
      const { query } = session
      return Object.assign(session, {
        query: async (...args: Parameters<typeof query>) => {
          const isHere = !isLost && String(args[0]).includes(statement)
          if (isHere) isLost = true
          if (isHere && when === 'before') throw new Error('lost')
          const answer = await query.apply(session, args)
          if (isHere) throw new Error('lost')
          return answer
        }
      })
    }
  })
  await expect(dying.round()).rejects.toThrow('lost')
  expect(dying.health().notReady).toEqual(['lost'])
  const { size } = await dying.round()
  const [newest] = await trail.rows('SELECT max(size)::int AS size FROM proof_checkpoints')
  expect([sizeIn(join(folder, 'checkpoint')), newest?.size]).toEqual([size, size])
  expect(dying.health().notReady).toEqual([])
  await wholeLog(folder)
})

test('one sealer works, the other waits until the first one has ended', async () => {
  const [one, two] = [sealer([store]), sealer([store])]
  expect(await one.round()).toMatchObject({ isOurs: true })
  await entry()
  expect(await two.round()).toMatchObject({ isOurs: false, judgement: { sealed: [] } })
  expect(two.health().notReady).toEqual([])
  await one.close()
  expect(await two.round()).toMatchObject({ isOurs: true, judgement: { sealed: [expect.anything()] } })
})

test('an open entry is sealed once its writer has left it alone, and is not extended any more', async () => {
  const { store: stored } = trail.writer()
  await stored([{ first: next, last: next + 4 }])
  const working = sealer([store])
  expect(await working.round()).toMatchObject({ judgement: { sealed: [] } })
  const patient = sealer([store], { staleMs: 0 })
  await working.close()
  const { judgement } = await patient.round()
  expect(judgement.sealed).toHaveLength(1)
  const { writer = '', entry: text } = judgement.sealed[0] ?? {}
  // What the writer has to say then is another entry.
  await stored([{ first: next + 5, last: next + 6 }])
  next += 7
  expect(
    await trail.rows('SELECT seq, entry = $2 AS same, open FROM proof_entries WHERE writer = $1 ORDER BY seq', [
      writer,
      text
    ])
  ).toEqual([
    { seq: 0, same: true, open: false },
    { seq: 1, same: false, open: true }
  ])
  await patient.round()
})

test('an entry that a writer has locked is passed over, and the others are sealed', async () => {
  await entry()
  await entry()
  const client = await trail.db.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query(
      'SELECT number::int FROM proof_entries WHERE log_index IS NULL AND rejected IS NULL AND NOT open ORDER BY number LIMIT 1 FOR UPDATE'
    )
    const working = sealer([store])
    const locked = Number(rows[0]?.number)
    const numbers = async () => (await working.round()).judgement.sealed.map(({ number }) => number)
    const others = await numbers()
    expect(others).toHaveLength(1)
    expect(others).not.toContain(locked)
    await client.query('ROLLBACK')
    expect(await numbers()).toEqual([locked])
  } finally {
    client.release()
  }
})

test('an entry that someone made up is rejected within a round, and stays as evidence', async () => {
  await entry()
  await trail.inTransaction(client =>
    addEntry(client, { writer: v7(), seq: 0, kind: 'batch', entry: 'eventtrail/batch@v1\nforged\n' })
  )
  const { judgement } = await sealer([store]).round()
  expect(judgement).toMatchObject({ sealed: [expect.anything()], rejected: [{ reason: 'ENTRY_INVALID' }] })
  expect(await trail.rows('SELECT rejected, log_index FROM proof_entries WHERE rejected IS NOT NULL')).toEqual([
    { rejected: 'ENTRY_INVALID', log_index: null }
  ])
  await wholeLog(folder)
})

test('a place that is away holds up nothing, and gets all of it later; a new one too', async () => {
  const follower = place()
  const there = await openPlace(follower)
  let isAway = true
  const away: TileStore = {
    ...there,
    put: (...put) => (isAway ? Promise.reject(new Error('away')) : there.put(...put))
  }
  let now = 0
  const clock = { ...machineClock, monotonic: () => now }
  const working = sealer([store, away], { clock })
  await entry()
  const { size } = await working.round()
  expect(sizeIn(join(folder, 'checkpoint'))).toBe(size)
  isAway = false
  // It is not asked again at once.
  expect((await working.round()).lagging).toEqual([{ place: away.address, why: 'away' }])
  now += 3_600_000
  expect((await working.round()).lagging).toEqual([])
  expect(files(follower)['/checkpoint']).toBe(files(folder)['/checkpoint'])
  await wholeLog(follower)
  const [newest] = await trail.rows('SELECT places FROM proof_checkpoints ORDER BY size DESC LIMIT 1')
  expect(Object.keys(newest?.places as object)).toEqual(expect.arrayContaining([store.address, away.address]))
})

test('an older checkpoint alone in the first place is replaced; a first place that was put back is not taken', async () => {
  await entry()
  const working = sealer([store])
  await working.round()
  const newest = readFileSync(join(folder, 'checkpoint'))
  const [, older = ''] = readdirSync(join(folder, 'checkpoints')).sort().reverse()
  writeFileSync(join(folder, 'checkpoint'), readFileSync(join(folder, 'checkpoints', older)))
  await working.round()
  expect(readFileSync(join(folder, 'checkpoint'))).toEqual(newest)

  const [last = ''] = readdirSync(join(folder, 'checkpoints')).sort().reverse()
  const kept = readFileSync(join(folder, 'checkpoints', last))
  rmSync(join(folder, 'checkpoints', last))
  writeFileSync(join(folder, 'checkpoint'), readFileSync(join(folder, 'checkpoints', older)))
  await entry()
  const before = await sealed()
  await expect(working.round()).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' })
  expect(working.health().notReady).toEqual([expect.stringContaining('Nothing is signed')])
  expect(await sealed()).toEqual(before)
  writeFileSync(join(folder, 'checkpoints', last), kept)
  expect((await working.round()).judgement.sealed).toHaveLength(1)
})

test('a key of another log, or one that the policy does not have, seals nothing', async () => {
  const refused = { code: 'LOG_KEY_REFUSED', misconfigured: true }
  await expect(sealer([store], { signer: testParties.operator }).round()).rejects.toMatchObject(refused)
  const other = signerOf(testParties.log.name, pemOf('another'))
  await expect(sealer([store], { signer: other }).round()).rejects.toMatchObject(refused)
})
