import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { eventually, rerouted, testEnvironment } from '../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')
const topic = `${trail.topicPrefix}badge.awarded`
const producer = trail.kafka.kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 })
await producer.connect()
afterAll(() => producer.disconnect())

/** Publishes badges in one transaction; resolves to their ids. */
async function transaction(how: 'commit' | 'abort', count = 1): Promise<string[]> {
  const encoded = await Promise.all(Array.from({ length: count }, () => trail.encode(badge(how))))
  const before = (await end()) ?? 0
  const open = await producer.transaction()
  await open.send({ topic, messages: encoded.map(({ key = null, value }) => ({ key, value })) })
  await open[how]()
  // The broker answers before the marker is in the log; until then the records are not there for a reader.
  await eventually(async () => ((await end()) ?? 0) > before + count, { what: 'the transaction has ended in the log' })
  return encoded.map(({ id }) => id)
}

const ledger = async () => {
  const [sums] = await trail.rows(
    `SELECT sum(rows)::int AS rows, sum(skipped)::int AS skipped, sum(lost)::int AS lost,
       sum(last_offset - first_offset + 1)::int AS range FROM sink_ledger WHERE topic = $1`,
    [topic]
  )
  return sums
}
const end = async () => (await trail.admin.ranges(topic))[0]?.end

// Case 12
test('aborted transactions and control records are passed over, counted, and caught up with', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const first = await transaction('commit', 3)
  // The log now ends in a control record.
  await sink.whenCaughtUp({ timeoutMs: 10_000 })
  expect(await ledger()).toEqual({ rows: 3, skipped: 1, lost: 0, range: 4 })
  await transaction('abort', 2)
  await sink.whenCaughtUp({ timeoutMs: 10_000 })
  expect(await ledger()).toEqual({ rows: 3, skipped: 4, lost: 0, range: 7 })
  await transaction('abort', 2)
  const last = await transaction('commit', 1)
  await transaction('abort', 1)
  await sink.whenCaughtUp({ timeoutMs: 10_000 })
  expect(await ledger()).toEqual({ rows: 4, skipped: 10, lost: 0, range: await end() })
  const stored = await trail.rows('SELECT id FROM event_envelopes')
  expect(new Set(stored.map(({ id }) => id))).toEqual(new Set([...first, ...last]))
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect((await trail.admin.groupOffsets(trail.group)).get(topic)?.get(0) ?? 0).toBeLessThanOrEqual(Number(await end()))
})

// Case 12
test('a start finds its place after control records, and those that came while no sink ran', async () => {
  await transaction('abort', 2)
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp({ timeoutMs: 10_000 })
  }
  // Without a single new record.
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp({ timeoutMs: 10_000 })
    expect(await trail.rows('SELECT halted FROM sink_offsets WHERE halted IS NOT NULL')).toEqual([])
  }
  await transaction('abort', 1)
  const [id] = await transaction('commit', 1)
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp({ timeoutMs: 10_000 })
  expect(await trail.rows('SELECT 1 AS there FROM event_envelopes WHERE id = $1', [id])).toHaveLength(1)
  expect((await ledger())?.range).toBe(await end())
})

// Case 12
test('what is after the start of an open transaction is stored once that has ended, in order', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const held = await trail.encode(badge('held back'))
  const open = await producer.transaction()
  await open.send({ topic, messages: [{ key: held.key ?? null, value: held.value }] })
  const [after] = await trail.publish([badge('after')])
  // Kafka gives neither to anybody, and both are acknowledged: the trail is not caught up.
  await expect(sink.whenCaughtUp({ timeoutMs: 300 })).rejects.toMatchObject({
    code: 'CATCH_UP_TIMEOUT',
    message: expect.stringMatching(
      /\/0: 2 offsets from \d+ on wait for the end of a transaction that is open since 20\d\d-/
    )
  })
  const waiting = sink.whenCaughtUp({ timeoutMs: 20_000 })
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = ANY($1)', [[held.id, after?.id]])).toEqual([])
  await open.commit()
  await waiting
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = ANY($1)', [[held.id, after?.id]])).toHaveLength(2)
})

test('whenCaughtUp resolves at once when it is so, also before the start and for topics that do not exist', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.whenCaughtUp({ timeoutMs: 0 })
  await trail.encode(quiz())
  await sink.start()
  await sink.whenCaughtUp({ timeoutMs: 0 })
})

test('whenCaughtUp waits for an event name that the sink has not met yet', async () => {
  await using sink = createSink({ ...trail.sinkOptions, topicRefreshMs: 2_000 })
  await sink.start()
  await sink.whenCaughtUp()
  await trail.offer('lesson.published')
  const [first] = await trail.publish([lesson()])
  await sink.whenCaughtUp({ timeoutMs: 20_000 })
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [first?.id])).toHaveLength(1)
})

test('whenCaughtUp gives up after its timeout, when it is aborted, and when the sink ends', async () => {
  const sink = createSink(trail.sinkOptions)
  const [late] = await trail.publish([badge('late')])
  await expect(sink.whenCaughtUp({ timeoutMs: 100 })).rejects.toMatchObject({
    code: 'CATCH_UP_TIMEOUT',
    message: expect.stringMatching(new RegExp(`had not caught up after \\d+ ms: ${topic}/0 \\(not yet at \\d+\\)`))
  })
  await expect(sink.whenCaughtUp({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  const waiting = sink.whenCaughtUp()
  const closed = expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
  await sink.close()
  await closed
  await expect(sink.whenCaughtUp()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(sink.start()).rejects.toMatchObject({ code: 'CLOSED' })
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [late?.id])).toEqual([])
})

test('a fixed list of events is read alone', async () => {
  await trail.publish([lesson('not for this one')])
  await using sink = createSink({ ...trail.sinkOptions, group: 'badges', eventNames: ['badge.awarded'] })
  await sink.start()
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT DISTINCT topic FROM sink_offsets WHERE consumer_group = $1', [sink.group])).toEqual([
    { topic }
  ])
  await using missing = createSink({ ...trail.sinkOptions, group: 'badges', eventNames: ['never.made'] })
  await expect(missing.whenCaughtUp()).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
})

test('draining and closing may be asked for twice and in any order, and leave the group', async () => {
  const sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const { rows } = sink.stats()
  const [sent] = await trail.publish([badge('in flight')])
  await eventually(() => sink.stats().rows + sink.stats().pending > rows, { what: 'it was read' })
  await Promise.all([sink.drain(), sink.drain(), sink.close()])
  expect(sink.state).toBe('closed')
  expect(await sink.closed).toBeUndefined()
  expect(await trail.admin.groupMembers(trail.group)).toBe(0)
  // Closing leaves what is in flight to the next one.
  await using next = createSink(trail.sinkOptions)
  await next.start()
  await next.whenCaughtUp()
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [sent?.id])).toHaveLength(1)
})

test('closing does not wait for a write that Postgres holds up', async () => {
  const sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const holder = await trail.db.connect()
  try {
    await holder.query('BEGIN; LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE')
    await trail.publish([badge('held up')])
    const waits =
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'eventtrail-sink%' AND datname = current_database()"
    await eventually(async () => (await trail.rows(waits)).length > 0, { what: 'the write waits' })
    const began = Date.now()
    await sink.close()
    // The statement itself would wait for its lock for 10 s.
    expect(Date.now() - began).toBeLessThan(5_000)
  } finally {
    await holder.query('ROLLBACK')
    holder.release()
  }
  expect(sink.state).toBe('closed')
})

test('a sink that is closed while it starts does not run', async () => {
  const sink = createSink(trail.sinkOptions)
  const starting = sink.start()
  const refused = expect(starting).rejects.toMatchObject({ code: 'CLOSED' })
  await sink.close()
  await refused
  expect(sink.state).toBe('closed')
})

test('a sink does not start without its tables, or without Postgres', async () => {
  const bare = await testEnvironment()
  await using without = createSink({
    ...trail.sinkOptions,
    connection: rerouted(trail.connection, { databaseUrl: bare.databaseUrl })
  })
  await expect(without.start()).rejects.toMatchObject({
    code: 'TABLES_MISSING',
    message: expect.stringContaining('eventtrail migrate')
  })
  expect(without.state).toBe('failed')
  expect(await without.closed).toMatchObject({ code: 'TABLES_MISSING' })
  const lost = new URL(trail.databaseUrl)
  lost.port = '1'
  await using away = createSink({
    ...trail.sinkOptions,
    connection: rerouted(trail.connection, { databaseUrl: lost.href })
  })
  await expect(away.start()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE', retryable: true })
})
