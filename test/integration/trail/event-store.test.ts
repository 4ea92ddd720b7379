import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createBus } from '../../../producers/bus/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()

const payload = () => ({
  lesson_id: randomUUID(),
  instructor_id: randomUUID(),
  course_id: randomUUID(),
  title: 'Fractions'
})

test('a bus says whether its store is reachable, and the store is asked for it', async () => {
  await using store = postgresEventStore(trail.connection)
  await using bus = createBus({ catalogue, store })
  expect(bus.health()).toEqual({ notReady: ['the store has not answered yet'], dead: [] })
  await eventually(() => bus.health().notReady.length === 0, { what: 'it is ready' })
  await using away = postgresEventStore({ postgres: { url: 'postgres://127.0.0.1:1/trail' } })
  await using waiting = createBus({ catalogue, store: away })
  await eventually(() => waiting.health().notReady.join() === 'the store is unreachable', { what: 'it is not' })
})

// The integration test of the first design.
test('one lesson published through the in-process bus is exactly one row with the six columns right', async () => {
  await using store = postgresEventStore(trail.connection)
  await using bus = createBus({ catalogue, store })
  const lesson = payload()
  const aggregateId = randomUUID()
  const occurredAt = new Date('2026-03-02T09:30:00.250Z')
  const { id } = await bus.publish('lesson.published', aggregateId, lesson, { occurredAt })
  const rows = await trail.rows(
    'SELECT id, aggregate_id, occurred_at, event_name, payload, schema_version FROM event_envelopes'
  )
  expect(rows).toEqual([
    {
      id,
      aggregate_id: aggregateId,
      occurred_at: occurredAt,
      event_name: 'lesson.published',
      payload: lesson,
      schema_version: 2
    }
  ])
})

test('an id that is stored already is stored once, and refused with other content; then nothing of the call is stored', async () => {
  await using store = postgresEventStore(trail.connection)
  await using bus = createBus({ catalogue, store })
  const id = randomUUID()
  const [aggregateId, lesson, occurredAt] = [randomUUID(), payload(), new Date()]
  const before = await trail.count('event_envelopes')
  await bus.publish('lesson.published', aggregateId, lesson, { id, occurredAt })
  await bus.publish('lesson.published', aggregateId, lesson, { id, occurredAt })
  await expect(bus.publish('lesson.published', aggregateId, payload(), { id, occurredAt })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    outcome: 'failed',
    retryable: false,
    message: expect.stringContaining('other content'),
    cause: { code: 'STORE_FAILED' }
  })
  expect(bus.stats()).toMatchObject({ published: 2, failed: 1, unknown: 0, unacknowledged: 0 })
  expect(await trail.count('event_envelopes')).toBe(before + 1)
})

test('an event that a constraint of others refuses is not stored, and the constraint is named', async () => {
  await trail.rows(
    "ALTER TABLE event_envelopes ADD CONSTRAINT no_secrets CHECK (payload ->> 'title' <> 'Secret') NOT VALID"
  )
  try {
    await using store = postgresEventStore(trail.connection)
    await using bus = createBus({ catalogue, store })
    await expect(
      bus.publish('lesson.published', randomUUID(), { ...payload(), title: 'Secret' })
    ).rejects.toMatchObject({
      cause: { code: 'STORE_FAILED', message: expect.stringContaining('constraint no_secrets of event_envelopes') }
    })
  } finally {
    await trail.rows('ALTER TABLE event_envelopes DROP CONSTRAINT no_secrets')
  }
})

test('a store without its tables, or unreachable, says what to do', async () => {
  const lost = new URL(trail.databaseUrl)
  lost.port = '1'
  await using away = postgresEventStore({ postgres: { url: lost.href } })
  await using bus = createBus({ catalogue, store: away })
  await expect(bus.publish('lesson.published', randomUUID(), payload())).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retryable: true
  })
  await trail.db.query('CREATE DATABASE bare_of_tables')
  try {
    const bare = new URL(trail.databaseUrl)
    bare.pathname = '/bare_of_tables'
    await using store = postgresEventStore({ postgres: { url: bare.href } })
    await using other = createBus({ catalogue, store })
    await expect(other.publish('lesson.published', randomUUID(), payload())).rejects.toMatchObject({
      cause: { code: 'TABLES_MISSING', message: expect.stringContaining('eventtrail migrate') }
    })
  } finally {
    await trail.db.query('DROP DATABASE bare_of_tables WITH (FORCE)')
  }
})
