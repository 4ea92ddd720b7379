import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, onTestFinished, test } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { encodeEnvelope } from '../../../schemas/index.ts'
import { createSink } from '../../../sink/index.ts'
import { resumeTopic } from '../../../trail/positions/resume.ts'
import { registryFront } from '../../support/schemas/registry-front.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { badge, lesson, type TestTrail, testTrail } from '../../support/trail.ts'

const first = catalogue.version('lesson.published', 1)
const subjectOf = (trail: TestTrail) => `${trail.topicPrefix}lesson.published-value`

async function change(trail: TestTrail, method: string, path: string): Promise<void> {
  const answer = await fetch(`${trail.registryUrl}/subjects/${subjectOf(trail)}${path}`, { method })
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}`)
}

/** A lesson of the first version's schema, as a producer sends it that got this id and number. */
async function send(trail: TestTrail, { id, version }: { id: number; version: number }, times = 1): Promise<void> {
  await trail.send(
    Array.from({ length: times }, () => {
      const envelope = {
        id: v7(),
        aggregate_id: randomUUID(),
        occurred_at: BigInt(Date.now()) * 1000n,
        payload: lesson('', 1).payload
      }
      return { eventName: 'lesson.published', value: encodeEnvelope(first, id, envelope, version) }
    })
  )
}

async function becomes(trail: TestTrail, versions: Readonly<Record<number, number>>): Promise<void> {
  const rows = async () =>
    Object.fromEntries(
      (await trail.rows('SELECT schema_version, count(*)::int AS n FROM event_envelopes GROUP BY 1')).map(row => [
        row.schema_version,
        row.n
      ])
    )
  await eventually(async () => JSON.stringify(await rows()) === JSON.stringify(versions), {
    what: `there are ${JSON.stringify(versions)}`
  }).catch(async error => {
    const held = await trail.rows('SELECT code, reason FROM sink_quarantine')
    throw new Error(`${error.message}, but ${JSON.stringify([await rows(), held])}`, { cause: error })
  })
  expect(await trail.rows('SELECT consumer_group, code, reason FROM sink_quarantine')).toEqual([])
}

/** A sink that has stored two lessons of the first version. */
async function storing() {
  const trail = await testTrail()
  await trail.offer('lesson.published')
  const registered = await trail.register(first)
  const sink = createSink(trail.sinkOptions)
  onTestFinished(() => sink.drain())
  await sink.start()
  await send(trail, registered, 2)
  await becomes(trail, { 1: 2 })
  return { trail, registered, sink }
}

test.each([
  ['a version', '/versions/1']
])('%s is deleted while its records are unread: they are stored', async (_, path) => {
  const trail = await testTrail()
  await trail.offer('lesson.published')
  const registered = await trail.register(first)
  await send(trail, registered, 2)
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await becomes(trail, { 1: 2 })
  }
  await send(trail, registered, 3)
  await change(trail, 'DELETE', path)
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await becomes(trail, { 1: 5 })
})

test('a version is deleted and registered again under a new number: events of both numbers are stored', async () => {
  const { trail, registered, sink } = await storing()

  await change(trail, 'DELETE', '/versions/1')
  const again = await trail.registry.register(subjectOf(trail), first.envelope)
  expect(again).toEqual({ id: registered.id, version: 3 })
  // A publisher that was started before says the old number, one that was started since the new one.
  await send(trail, again)
  await send(trail, registered)
  await becomes(trail, { 1: 3, 3: 1 })
  expect(
    await trail.rows('SELECT version, id FROM sink_schemas WHERE id = $1 ORDER BY version', [registered.id])
  ).toEqual([
    { version: 1, id: registered.id },
    { version: 3, id: registered.id }
  ])

  // One that is started now knows both, and so does one that has the trail alone.
  await using other = createSink({ ...trail.sinkOptions, group: 'other' })
  await send(trail, again)
  await other.start()
  await becomes(trail, { 1: 3, 3: 2 })
  expect(sink.state).toBe('running')
})

test('a subject is removed for good and begins again: its numbers repeat, and events are stored', async () => {
  const { trail, registered } = await storing()
  await change(trail, 'DELETE', '')
  await change(trail, 'DELETE', '?permanent=true')
  const again = await trail.registry.register(subjectOf(trail), first.envelope)
  expect(again.version).toBe(1)
  await send(trail, again, 2)
  await send(trail, registered, 2)
  await becomes(trail, { 1: 6 })
})

test('another schema under a known id stops its topic alone, until the registry is restored', async () => {
  const trail = await testTrail()
  const front = await registryFront(trail.registryUrl)
  const options = { ...trail.sinkOptions, connection: rerouted(trail.connection, { registryUrl: front.url }) }
  for (const eventName of ['lesson.published', 'badge.awarded']) await trail.offer(eventName)
  const registered = await trail.register(first)
  await send(trail, registered, 2)
  {
    await using sink = createSink(options)
    await sink.start()
    await becomes(trail, { 1: 2 })
  }
  const other = { ...first.envelope, doc: 'Another one.' }
  front.answer((request, response) => {
    if (request.url !== `/apis/ccompat/v7/schemas/ids/${registered.id}`) return false
    response.writeHead(200).end(JSON.stringify({ schema: JSON.stringify(other) }))
    return true
  })
  await send(trail, registered, 6)
  await using sink = createSink(options)
  await sink.start()
  const halted = () => trail.rows('SELECT DISTINCT topic, halted FROM sink_offsets WHERE halted IS NOT NULL')
  await eventually(async () => (await halted()).length > 0, { what: 'the topic is halted' })
  expect(await halted()).toEqual([{ topic: `${trail.topicPrefix}lesson.published`, halted: 'SCHEMA_CHANGED' }])
  const [awarded] = await trail.publish([badge()])
  await eventually(
    async () => (await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [awarded?.id])).length === 1,
    { what: 'the other topic goes on' }
  )
  expect(sink.health().notReady.join()).toContain('halted: eventtrail doctor says why')
  expect(await trail.count('sink_quarantine')).toBe(0)

  front.answer(() => false)
  await resumeTopic(trail.db, { group: trail.group, topic: `${trail.topicPrefix}lesson.published` })
  await becomes(trail, { 1: 9 })
})
