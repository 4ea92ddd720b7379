import { expect, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { Discovery } from '../../../sink/intake/discovery.ts'
import { topicsOfTrail } from '../../../trail/topics.ts'
import { runCli } from '../../support/processes/cli.ts'
import { registryFront, says } from '../../support/schemas/registry-front.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { badge, lesson, type TestTrail, testTrail } from '../../support/trail.ts'

function keptLines() {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'info', destination: { write: line => lines.push(JSON.parse(line)) } })
  return { log, told: (part: string) => lines.filter(({ msg }) => String(msg).includes(part)) }
}

const subjectOf = (trail: TestTrail, eventName: string) => `${trail.topicPrefix}${eventName}-value`

/** What another client does with the registry. */
async function registry(trail: TestTrail, method: string, path: string, schema?: unknown): Promise<{ id: number }> {
  const answer = await fetch(`${trail.registryUrl}/subjects/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(schema !== undefined && { body: JSON.stringify({ schema: JSON.stringify(schema) }) })
  })
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}`)
  return (await answer.json()) as { id: number }
}

const stored = (trail: TestTrail, count: number, what: string) =>
  eventually(async () => (await trail.count('event_envelopes')) === count, { what })

const doctor = async (trail: TestTrail) => (await runCli(['doctor'], trail.env)).stdout

test('a subject is deleted: the events that are unread are stored, and it is reported', {
  timeout: 240_000
}, async () => {
  const trail = await testTrail()
  for (const eventName of ['lesson.published', 'badge.awarded']) await trail.offer(eventName)
  await trail.publish([lesson(), lesson(), badge()])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await stored(trail, 3, 'all are stored')
  }
  await trail.publish([lesson('unread')])
  await registry(trail, 'DELETE', subjectOf(trail, 'lesson.published'))
  const { log, told } = keptLines()
  await using sink = createSink({ ...trail.sinkOptions, log })
  await sink.start()
  await stored(trail, 4, 'the unread one is stored')
  const topic = `${trail.topicPrefix}lesson.published`
  await eventually(() => told('no subject in the registry').length > 0, { what: 'it is told' })
  expect(told('no subject in the registry')).toMatchObject([{ topics: [topic] }])
  expect(sink.health().notReady).toEqual([])
  const { stdout, code } = await runCli(['doctor'], trail.env)
  expect(stdout).toContain(`read before, and the registry has no subject of them any more: ${topic}`)
  expect(code).toBe(1)

  // Until an operator accepts it.
  const args = ['--event', 'lesson.published', '--reason', 'moved away']
  expect(await runCli(['sink', 'forget', ...args], trail.env)).toMatchObject({ code: 0 })
  await eventually(() => told('taken out with').length > 0, { what: 'the sink leaves it' })
  const [left] = await trail.publish([lesson('left')])
  expect(await doctor(trail)).toContain(`taken out by \`eventtrail sink forget\`: ${topic}`)
  expect(await runCli(['sink', 'forget', ...args], trail.env)).toMatchObject({ code: 2 })
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [left?.id])).toEqual([])
  expect(await runCli(['sink', 'remember', ...args], trail.env)).toMatchObject({ code: 0 })
  await stored(trail, 5, 'it is read from where it was left')
  expect(await trail.rows('SELECT topic, reason, remembered_reason FROM sink_forgotten')).toEqual([
    { topic, reason: 'moved away', remembered_reason: 'moved away' }
  ])
})

test('a newer version that is no envelope silences nothing: its own records go into quarantine', {
  timeout: 240_000
}, async () => {
  const trail = await testTrail()
  await trail.offer('badge.awarded')
  const { envelope } = catalogue.version('badge.awarded')
  const more = { ...envelope, fields: [...envelope.fields, { name: 'more', type: 'int', default: 0 }] }
  const { id } = await registry(trail, 'POST', `${subjectOf(trail, 'badge.awarded')}/versions`, more)
  const [good] = await trail.publish([badge()])
  const header = Buffer.from([0, 0, 0, 0, 0])
  header.writeUInt32BE(id, 1)
  await trail.send([
    {
      eventName: 'badge.awarded',
      value: Buffer.concat([header, (good?.value as Buffer).subarray(5), Buffer.from([0])])
    }
  ])
  const { log, told } = keptLines()
  await using sink = createSink({ ...trail.sinkOptions, log })
  await sink.start()
  await stored(trail, 1, 'the good one is stored')
  await eventually(async () => (await trail.count('sink_quarantine')) === 1, { what: 'the other one is kept' })
  expect(await trail.rows('SELECT code FROM sink_quarantine')).toEqual([{ code: 'NOT_AN_ENVELOPE' }])
  await eventually(() => told('has fields that an envelope does not have').length > 0, { what: 'it is told' })
  expect(await doctor(trail)).toContain('has fields that an envelope does not have')
})

test('what looks almost like an envelope, has no topic, or is nothing at all, is reported once and by doctor', {
  timeout: 240_000
}, async () => {
  const trail = await testTrail()
  const { envelope } = catalogue.version('badge.awarded')
  const millis = {
    ...envelope,
    fields: envelope.fields.map(field =>
      field.name === 'occurred_at' ? { ...field, type: { type: 'long', logicalType: 'timestamp-millis' } } : field
    )
  }
  const { log, told } = keptLines()
  await using sink = createSink({ ...trail.sinkOptions, log })
  await sink.start()
  const nothing = `it reads nothing: no event is registered under the prefix ${trail.topicPrefix}`
  await eventually(() => sink.health().notReady.includes(nothing), { what: 'it is not ready, and says why' })
  expect(await doctor(trail)).toContain(`no event is registered under the prefix ${trail.topicPrefix}`)

  await registry(trail, 'POST', `${subjectOf(trail, 'badge.awarded')}/versions`, millis)
  await trail.register(catalogue.version('lesson.published', 1))
  const fault = 'has another type of `occurred_at` than a long of the logical type timestamp-micros'
  await eventually(() => told(fault).length > 0, { what: 'the fault is told' })
  await eventually(() => told('have no topic in Kafka').length > 0, { what: 'the missing topic is told' })
  expect(sink.health().notReady).toEqual(['it reads nothing: none of its topics can be read in Kafka'])
  const words = await doctor(trail)
  expect(words).toContain(fault)
  expect(words).toContain(`registered, but without a topic: ${trail.topicPrefix}lesson.published`)

  await trail.makeTopic('lesson.published')
  await trail.publish([lesson('', 1)])
  await stored(trail, 1, 'it is read once it has a topic')
  await eventually(() => sink.health().notReady.length === 0, { what: 'it is ready' })
  for (const part of [fault, 'have no topic in Kafka', 'it reads nothing: no event']) expect(told(part)).toHaveLength(1)
})

test('of two prefixes in one database, of which one begins the other, each keeps its own', {
  timeout: 240_000
}, async () => {
  const trail = await testTrail()
  const inner = { ...trail, topicPrefix: `${trail.topicPrefix}inner.` }
  const { registry: client, db, admin } = trail
  const { envelope } = catalogue.version('badge.awarded')
  await trail.offer('lesson.published')
  const subject = `${inner.topicPrefix}badge.awarded-value`
  await client.register(subject, envelope)
  await admin.createTopics([
    { topic: `${inner.topicPrefix}badge.awarded`, partitions: 1, replicationFactor: 1, config: {} }
  ])
  await trail.publish([lesson()])
  const encoded = await trail.encode(badge())
  await trail.send([{ ...encoded, eventName: 'inner.badge.awarded' }])
  for (const { topicPrefix } of [trail, inner]) {
    await using sink = createSink({ ...trail.sinkOptions, topicPrefix })
    await sink.start()
    await sink.whenCaughtUp()
  }
  expect(await trail.count('event_envelopes')).toBe(2)
  // Each event of the inner prefix is none of the outer one's, and no fault either.
  const outer = new Discovery({ registry: client, pool: db, group: trail.group, topicPrefix: trail.topicPrefix })
  await outer.topics()
  await outer.relooked()
  expect([...outer.discovered.almost.keys()]).toEqual([])
  // Rows of before the column.
  await db.query('UPDATE sink_schemas SET event_name = NULL')
  const known = async ({ topicPrefix }: { topicPrefix: string }) => [
    ...(await topicsOfTrail(db, `${topicPrefix}sink`, topicPrefix)).read.keys()
  ]
  expect(await known(trail)).not.toContain(`${inner.topicPrefix}badge.awarded`)
  expect(await known(inner)).toEqual([`${inner.topicPrefix}badge.awarded`])

  const front = await registryFront(trail.registryUrl)
  front.answer(says(503, {}))
  await trail.publish([lesson()])
  await trail.send([{ ...(await trail.encode(badge())), eventName: 'inner.badge.awarded' }])
  for (const { topicPrefix } of [trail, inner]) {
    await using sink = createSink({
      ...trail.sinkOptions,
      topicPrefix,
      connection: rerouted(trail.connection, { registryUrl: front.url })
    })
    await sink.start()
    await sink.whenCaughtUp()
  }
  expect(await trail.count('event_envelopes')).toBe(4)
  expect(await trail.count('sink_quarantine')).toBe(0)
})

test('20,000 subjects of others are looked at once, some at a time, and cost no question after that', {
  timeout: 240_000
}, async () => {
  const trail = await testTrail()
  const names = Array.from({ length: 20_000 }, (_, i) => `${trail.topicPrefix}foreign.n${i}-value`)
  const front = await registryFront(trail.registryUrl)
  front.answer((request, response) => {
    const page = /^\/apis\/ccompat\/v7\/subjects\?offset=(\d+)&limit=(\d+)$/.exec(request.url ?? '')
    const offset = Number(page?.[1])
    const body = page
      ? names.slice(offset, offset + Number(page[2]))
      : { id: 1, version: 1, schema: JSON.stringify({ type: 'record', name: 'Other', fields: [] }) }
    return says(200, request.url?.endsWith('/versions') ? [1] : body)(request, response)
  })
  const { createRegistry } = await import('../../../schemas/index.ts')
  let now = 0
  const { machineClock } = await import('../../../core/clock.ts')
  const discovery = new Discovery({
    registry: createRegistry({ url: front.url }),
    pool: trail.db,
    group: trail.group,
    topicPrefix: trail.topicPrefix,
    clock: { ...machineClock, monotonic: () => now, random: () => 0.5 },
    budget: { burst: 500, perSecond: 10 }
  })
  const askedIn = async (seconds: number) => {
    front.asked()
    for (const end = now + seconds * 1_000; now < end; now += 3_000) await discovery.topics()
    return front.asked().filter(each => each.includes('/versions/latest')).length
  }
  expect(await askedIn(60)).toBeLessThanOrEqual(500 + 600 + 30)
  expect(await askedIn(60)).toBeLessThanOrEqual(600 + 30)
  expect(await discovery.topics()).toEqual([])
})

test('a registry of more than 1,000 subjects gives all of them', { timeout: 240_000 }, async () => {
  const trail = await testTrail()
  const schema = { type: 'record', name: 'Other', fields: [] }
  const others = Array.from({ length: 1_050 }, (_, i) => `${trail.topicPrefix}Other${i}-value/versions`)
  const { mapConcurrently } = await import('../../../core/concurrency.ts')
  await mapConcurrently(others, 8, path => registry(trail, 'POST', path, schema))
  await trail.offer('badge.awarded')
  const { names, isComplete } = await trail.registry.subjects()
  expect(isComplete).toBe(true)
  expect(names.filter(name => name.startsWith(trail.topicPrefix))).toHaveLength(1_051)
  await trail.publish([badge()])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await stored(trail, 1, 'the event of a subject behind the first 1,000 is stored')
})
