import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OnceSession } from '../../../../consumers/inbox/index.ts'
import { pgbouncer } from '../../../support/processes/pgbouncer.ts'
import { runs } from '../../../support/properties.ts'
import { eventually } from '../../../support/stack.ts'
import { testInbox } from './database.ts'

const { databaseUrl, pool, count, effects, empty, first, effectOf, lent, waiting } = await testInbox()

describe('with a pool', () => {
  test('an effect happens once for an event and a group', async () => {
    const id = randomUUID()
    expect(await first(id)(pool, effectOf(id))).toBe(true)
    expect(await first(id)(pool, effectOf(id))).toBe(false)
    expect(await first(id, 'invoices')(pool, effectOf(id))).toBe(true)
    expect(await effects()).toBe(2)
    expect(pool.idleCount).toBe(pool.totalCount)
  })

  test('an effect that throws is not done, and its session can be used again', async () => {
    const id = randomUUID()
    const fault = new Error('no stock')
    const failing = first(id)(pool, async session => {
      await effectOf(id)(session)
      throw fault
    })
    await expect(failing).rejects.toBe(fault)
    expect([await effects(), await count('eventtrail_inbox')]).toEqual([0, 0])
    expect(await first(id)(pool, effectOf(id))).toBe(true)
    expect(await effects()).toBe(1)
  })

  test('an effect that catches the error of a statement is not reported as done', async () => {
    const id = randomUUID()
    const failing = first(id)(pool, async session => {
      await effectOf(id)(session)
      await session.query('SELECT 1 / 0').catch(() => undefined)
    })
    await expect(failing).rejects.toMatchObject({ code: 'INBOX_ROLLED_BACK', retryable: true })
    expect([await effects(), await count('eventtrail_inbox')]).toEqual([0, 0])
  })

  test('of two at once the second waits, and finds it done', async () => {
    const id = randomUUID()
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const one = first(id)(pool, async session => {
      await effectOf(id)(session)
      await held
    })
    await eventually(() => pool.totalCount - pool.idleCount === 1, { what: 'the first has its session' })
    const two = first(id)(pool, effectOf(id))
    await waiting()
    letGo()
    expect(await Promise.all([one, two])).toEqual([true, false])
    expect(await effects()).toBe(1)
  })

  test('when the first rolls back, the one that waits does it', async () => {
    const id = randomUUID()
    const { promise: held, reject: fail } = Promise.withResolvers<void>()
    const one = first(id)(pool, async session => {
      await effectOf(id)(session)
      await held
    })
    one.catch(() => undefined)
    await eventually(() => pool.totalCount - pool.idleCount === 1, { what: 'the first has its session' })
    const two = first(id)(pool, effectOf(id))
    await waiting()
    fail(new Error('no stock'))
    await expect(one).rejects.toThrow('no stock')
    expect(await two).toBe(true)
    expect(await effects()).toBe(1)
  })

  test('a transaction that is idle for too long is ended, unless the database has a setting of its own', async () => {
    const shown = async (session: OnceSession) =>
      (await session.query('SHOW idle_in_transaction_session_timeout')).rows[0]
    let within: unknown
    const session = await lent()
    await first(randomUUID())(session, async own => {
      within = await shown(own)
    })
    expect(within).toEqual({ idle_in_transaction_session_timeout: '5min' })
    expect(await shown(session)).toEqual({ idle_in_transaction_session_timeout: '0' })
    await session.query("SET idle_in_transaction_session_timeout = '7s'")
    await first(randomUUID())(session, async own => {
      within = await shown(own)
    })
    await session.query('RESET idle_in_transaction_session_timeout')
    expect(within).toEqual({ idle_in_transaction_session_timeout: '7s' })
  })

  test('a session that Postgres ends in the middle is an outage, and harms no other', async () => {
    const id = randomUUID()
    const failing = first(id)(pool, async session => {
      await effectOf(id)(session)
      const { rows } = await session.query('SELECT pg_backend_pid() AS pid')
      await pool.query('SELECT pg_terminate_backend($1)', [(rows[0] as { pid: number }).pid])
    })
    await expect(failing).rejects.toMatchObject({ code: 'INBOX_UNAVAILABLE', retryable: true })
    expect(await first(id)(pool, effectOf(id))).toBe(true)
    expect(await effects()).toBe(1)
  })

  test('it works through a pooler of transactions', async () => {
    const pooled = new pg.Pool({ connectionString: await pgbouncer(databaseUrl, 'transaction') })
    onTestFinished(() => pooled.end())
    const ids = Array.from({ length: 20 }, () => randomUUID())
    const ran = await Promise.all([...ids, ...ids].map(id => first(id)(pooled, effectOf(id))))
    expect(ran.filter(Boolean)).toHaveLength(20)
    expect(await effects()).toBe(20)
  })
})

describe('with a session', () => {
  test('one that is in no transaction gets one', async () => {
    const id = randomUUID()
    const session = await lent()
    expect(await first(id)(session, effectOf(id))).toBe(true)
    expect(session.getTransactionStatus()).toBe('I')
    expect(await effects()).toBe(1)
  })

  test('the transaction that it is in is joined: the caller commits, or rolls back', async () => {
    const id = randomUUID()
    const session = await lent()
    await session.query('BEGIN')
    expect(await first(id)(session, effectOf(id))).toBe(true)
    expect(session.getTransactionStatus()).toBe('T')
    await session.query('ROLLBACK')
    expect([await effects(), await count('eventtrail_inbox')]).toEqual([0, 0])
    await session.query('BEGIN')
    expect(await first(id)(session, effectOf(id))).toBe(true)
    await session.query('COMMIT')
    expect([await effects(), await count('eventtrail_inbox')]).toEqual([1, 1])
  })

  test('a caller that continues after an effect has thrown keeps nothing of it', async () => {
    const [id, other] = [randomUUID(), randomUUID()]
    const session = await lent()
    await session.query('BEGIN')
    await effectOf(other)(session)
    const failing = first(id)(session, async () => {
      await effectOf(id)(session)
      await session.query('SELECT 1 / 0')
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    await session.query('COMMIT')
    expect((await pool.query('SELECT event_id FROM effects')).rows).toEqual([{ event_id: other }])
    expect(await count('eventtrail_inbox')).toBe(0)
  })

  test('a conflict of transactions that are serializable is no fault of the event', async () => {
    const id = randomUUID()
    const session = await lent()
    await session.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
    await session.query('SELECT count(*) FROM effects')
    await first(id)(pool, effectOf(id))
    const failing = first(id)(session, effectOf(id))
    await expect(failing).rejects.toMatchObject({ code: 'INBOX_UNAVAILABLE', cause: { code: '40001' } })
    await session.query('ROLLBACK')
    expect(await effects()).toBe(1)
  })

  test('drivers without a word about their transaction are asked for it, and only sessions of pg may have none', async () => {
    const id = randomUUID()
    const session = await lent()
    const adapter = { query: (text: string, values?: unknown[]) => session.query(text, values) }
    await expect(first(id)(adapter, effectOf(id))).rejects.toMatchObject({ code: 'INBOX_CLIENT_UNFIT' })
    const older = Object.assign({ processID: 1 }, adapter)
    expect(await first(id)(older, effectOf(id))).toBe(true)
    await session.query('BEGIN')
    const next = randomUUID()
    expect(await first(next)(adapter, effectOf(next))).toBe(true)
    await session.query('ROLLBACK')
    expect(await effects()).toBe(1)
  })

  test.each([undefined, {}, { connect: () => undefined }])('%j is refused in words', async client => {
    const asked = first(randomUUID())(client as unknown as OnceSession, () => undefined)
    await expect(asked).rejects.toMatchObject({ code: 'INBOX_CLIENT_UNFIT' })
  })
})

describe('several effects of one event', () => {
  test('have names of their own', async () => {
    const id = randomUUID()
    const once = first(id)
    expect(await once(pool, effectOf(id))).toBe(true)
    await expect(once(pool, effectOf(id))).rejects.toMatchObject({ code: 'INBOX_NAME_TAKEN' })
    expect(await once(pool, effectOf(id), { name: 'second' })).toBe(true)
    await expect(once(pool, effectOf(id), { name: 'a/b' })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
    const again = first(id)
    expect([await again(pool, effectOf(id)), await again(pool, effectOf(id), { name: 'second' })]).toEqual([
      false,
      false
    ])
    expect(await effects()).toBe(2)
  })

  test('may be within each other', async () => {
    const id = randomUUID()
    const once = first(id)
    await once(pool, async session => {
      await effectOf(id)(session)
      await expect(once(session, () => session.query('SELECT 1 / 0'), { name: 'inner' })).rejects.toMatchObject({
        code: '22012'
      })
    })
    expect([await effects(), await count('eventtrail_inbox')]).toEqual([1, 1])
  })
})

test('however events are delivered, each effect that was committed happened once', async () => {
  const ids = Array.from({ length: 3 }, () => randomUUID())
  const delivery = fc.record({
    event: fc.nat(ids.length - 1),
    group: fc.constantFrom('stock', 'invoices'),
    way: fc.constantFrom('pool', 'session', 'joined'),
    end: fc.constantFrom('ok', 'throw', 'rollback', 'statement fails')
  })
  const session = await lent()
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { maxLength: 12 }), async deliveries => {
      await empty()
      const done = new Set<string>()
      for (const { event, group, way, end } of deliveries) {
        const id = ids[event] ?? ''
        const key = `${group} ${id}`
        const once = first(id, group)
        const effect = async (own: OnceSession) => {
          await effectOf(id)(own)
          if (end === 'throw') throw new Error('no stock')
          if (end === 'statement fails') await own.query('SELECT 1 / 0')
        }
        if (way === 'joined') await session.query('BEGIN')
        const ran = await once(way === 'pool' ? pool : session, effect).catch(() => 'failed')
        if (way === 'joined') await session.query(end === 'rollback' ? 'ROLLBACK' : 'COMMIT')
        const fails = end === 'throw' || end === 'statement fails'
        expect(ran).toBe(done.has(key) ? false : fails ? 'failed' : true)
        if (!fails && !(way === 'joined' && end === 'rollback')) done.add(key)
      }
      expect(await effects()).toBe(done.size)
      expect(await count('eventtrail_inbox')).toBe(done.size)
    }),
    { numRuns: runs(100) }
  )
})
