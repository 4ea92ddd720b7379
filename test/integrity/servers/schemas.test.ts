import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { home } from '../../../dev/tools/folders.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { wire } from '../../support/kafka/wire.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'
import { contentOf } from '../harness/check/content.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { FaultProxy } from '../harness/proxy.ts'

// Its own servers: the others' registry must not forget anything.
const stack = await startStack({ kind: 'schemas' })
const proxy = await FaultProxy.start(Number(new URL(stack.env.SCHEMA_REGISTRY_URL).port))
afterAll(async () => {
  await proxy.close()
  await stack.stop()
})
Object.assign(process.env, stack.env)

afterEach(() => {
  // Also after a test that failed half-way.
  proxy.refusing = false
  proxy.swallowing.clear()
  proxy.reset()
})

/** The registry comes back empty. */
async function forget(): Promise<void> {
  const { registry } = stack.restartable
  await registry.stop()
  rmSync(join(home, 'run', stack.id, 'data', 'registry'), { recursive: true })
  await registry.start()
}

/** A sink whose registry can be taken away. */
function sinkOf(trail: Awaited<ReturnType<typeof testTrail>>, ...flags: string[]) {
  const url = new URL(trail.registryUrl)
  url.port = String(proxy.port)
  return startSink({ env: { ...trail.env, SCHEMA_REGISTRY_URL: url.href } }, ...flags)
}

// Case 22
test.each([
  'does not answer',
  'is gone'
])('the registry %s: events of known schemas are stored, those of unknown ones wait', async how => {
  const trail = await testTrail()
  for (const eventName of loadEvents) await trail.offer(eventName)
  const [first, second] = [catalogue.version('lesson.published', 1), catalogue.version('lesson.published', 2)]
  await trail.register(first)
  await trail.makeTopic('lesson.published')
  await using range = new Range(trail)
  const sink = sinkOf(trail)
  const load = await startLoad(trail)
  const aggregateId = crypto.randomUUID()
  const events = [{ ...lesson('', 1), aggregateId, id: crypto.randomUUID() }]
  await trail.publish(events)
  await eventually(
    async () => (await trail.rows('SELECT 1 FROM event_envelopes WHERE schema_version = 1')).length > 0,
    {
      what: 'the first version is stored'
    }
  )
  await range.progress.moves()
  await range.fault(`the registry ${how}`, async () => {
    if (how === 'is gone') proxy.refusing = true
    else proxy.swallowing.add('toClient')
    proxy.reset()
    await trail.register(second)
    const later = { ...lesson('Fractions', 2), aggregateId, id: crypto.randomUUID() }
    await trail.publish([later])
    events.push(later)
    // What is known continues: so much comes that the unknown one has had its turn.
    await range.progress.moves(1_500)
    const stored = await trail.rows('SELECT id FROM event_envelopes WHERE id = $1', [later.id])
    expect(stored).toEqual([])
    proxy.refusing = false
    proxy.swallowing.clear()
    proxy.reset()
  })
  await load.stop()
  await range.caughtUp()
  await range.expectCleanOf([
    ...load.published(),
    ...events.map(({ id, payload }, order) => ({
      id,
      aggregateId,
      topic: `${trail.topicPrefix}lesson.published`,
      outcome: 'stored' as const,
      content: contentOf(payload),
      order
    }))
  ])
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await sink.stop()).toBe(0)
})

// Case 21
test('an unknown schema id in 1,000 records: the registry is asked twice, not a thousand times', async () => {
  const trail = await testTrail()
  await trail.offer('badge.awarded')
  const unknown = 987_654
  const asked = proxy.count('toServer', Buffer.from(`/schemas/ids/${unknown}`))
  await trail.send(
    Array.from({ length: 1_000 }, () => ({ eventName: 'badge.awarded', value: wire(unknown, Buffer.from('unread')) }))
  )
  const sink = sinkOf(trail, '--breaker', '0', '--max-records', '50')
  await eventually(async () => (await trail.count('sink_quarantine')) === 1_000, { what: 'all are kept' })
  expect(asked.seen).toBe(2)
  expect(await sink.stop()).toBe(0)
})

// Case 21b
test('a registry that lost its memory and gives old ids to other schemas: their topics stop, and nothing is decoded', async () => {
  // Its numbers begin at 1, as those of the next one will.
  await forget()
  const trail = await testTrail()
  for (const eventName of loadEvents) await trail.offer(eventName)
  await trail.publish([badge(), quiz()])
  const before = sinkOf(trail)
  await eventually(async () => (await trail.count('event_envelopes')) === 2, { what: 'both are stored' })
  expect(await before.stop()).toBe(0)

  await forget()
  // The same schemas, under each other's numbers.
  for (const eventName of loadEvents.toReversed())
    await trail.registry.register(`${trail.topicPrefix}${eventName}-value`, catalogue.version(eventName).envelope)
  // A publisher that was started before still has the numbers of then.
  await trail.publish([badge(), quiz()])

  const after = sinkOf(trail)
  const stopped = () => trail.rows("SELECT DISTINCT topic FROM sink_offsets WHERE halted = 'SCHEMA_CHANGED'")
  await eventually(async () => (await stopped()).length === loadEvents.length, { what: 'both topics are stopped' })
  expect(await trail.count('event_envelopes')).toBe(2)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await after.stop()).toBe(0)
})

test('a registry that came back without the latest version: what the trail knows is stored, and no record is blamed', async () => {
  await forget()
  const trail = await testTrail()
  const [first, second] = [catalogue.version('lesson.published', 1), catalogue.version('lesson.published', 2)]
  await trail.register(first)
  await trail.register(second)
  await trail.makeTopic('lesson.published')
  await trail.publish([lesson('Before', 2)])
  const before = sinkOf(trail)
  await eventually(async () => (await trail.count('event_envelopes')) === 1, { what: 'the first is stored' })
  expect(await before.stop()).toBe(0)
  const later = await trail.encode(lesson('Later', 2))

  await forget()
  await trail.registry.register(`${trail.topicPrefix}lesson.published-value`, first.envelope)
  await trail.send([later])
  const after = sinkOf(trail)
  await eventually(async () => (await trail.count('event_envelopes')) + (await trail.count('sink_quarantine')) === 2, {
    what: 'the second is stored or held'
  })
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await after.stop()).toBe(0)
})
