import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { withContext } from '../../../schemas/index.ts'
import { createSink } from '../../../sink/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { wire } from '../../support/kafka/wire.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
for (const name of ['badge.awarded', 'quiz.submitted']) await trail.offer(name)
const parts = { connection: trail.connection, catalogue, topicPrefix: trail.topicPrefix }
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const request = { source: 'gradebook', actor: 'teacher-7', traceparent }

const producer = createProducer<Events>({ ...parts, source: 'school' })
const sink = createSink(trail.sinkOptions)
beforeAll(() => sink.start())
afterAll(async () => {
  await producer.close()
  await sink.close()
})

const payloadOf = ({ payload }: { readonly payload: unknown }) => payload as never
const whoOf = async (id: string) =>
  (await trail.rows('SELECT source, actor, traceparent FROM event_envelopes WHERE id = $1', [id]))[0]

test('who published an event is in its row, from the context, the call or the producer; a name is refused', async () => {
  const [first, second] = await withContext(request, () =>
    Promise.all([
      producer.publish('badge.awarded', randomUUID(), payloadOf(badge())),
      producer.publish('badge.awarded', randomUUID(), payloadOf(badge()), { actor: 'job-1', source: 'import' })
    ])
  )
  const third = await producer.publish('badge.awarded', randomUUID(), payloadOf(badge()))
  const aggregateId = randomUUID()
  for (const actor of ['ada@school.example', 'Ada Lovelace'])
    await expect(producer.publish('badge.awarded', aggregateId, payloadOf(badge()), { actor })).rejects.toMatchObject({
      code: 'ENVELOPE_INVALID',
      field: 'actor',
      outcome: 'failed'
    })
  await sink.whenCaughtUp()
  expect(await whoOf(first.id)).toEqual(request)
  expect(await whoOf(second.id)).toEqual({ source: 'import', actor: 'job-1', traceparent })
  expect(await whoOf(third.id)).toEqual({ source: 'school', actor: null, traceparent: null })
  expect(await trail.rows('SELECT FROM event_envelopes WHERE aggregate_id = $1', [aggregateId])).toEqual([])
})

test('a header that breaks the rules is null in the row, and a repeated id from another request is a duplicate', async () => {
  const headers = { source: 'x\u0000', actor: 'ada@school.example', traceparent: '00-zz' }
  const foreign = await trail.encode({ ...badge(), headers })
  const known = await trail.encode({ ...badge(), headers: request })
  await trail.send([foreign, known, { ...known, headers: { actor: 'teacher-8' } }])
  await sink.whenCaughtUp()
  expect(await whoOf(foreign.id)).toEqual({ source: null, actor: null, traceparent: null })
  expect(await whoOf(known.id)).toEqual(request)
  expect(await trail.rows('SELECT event_id FROM sink_duplicates')).toEqual([{ event_id: known.id }])
  expect(await trail.count('sink_quarantine')).toBe(0)
})

test('what a handler publishes has the actor and the trace of its event, which it names as the cause', async () => {
  const awarded = Promise.withResolvers<{ readonly id: string; readonly headers: Readonly<Record<string, string>> }>()
  const from = await trail.admin.ranges(`${trail.topicPrefix}badge.awarded`)
  const topic = `${trail.topicPrefix}badge.awarded`
  await using group = createConsumerGroup<Events>({
    ...parts,
    group: 'awards',
    startFrom: { [topic]: Object.fromEntries(from.map(({ partition, end }) => [partition, end])) },
    handlers: {
      'quiz.submitted': async ({ payload }) => {
        await producer.publish('badge.awarded', payload.student_id, payloadOf(badge()))
      },
      'badge.awarded': ({ id }, { headers }) => awarded.resolve({ id, headers })
    }
  })
  // The context in which a group is started is the cause of nothing.
  await withContext({ actor: 'operator' }, () => group.start())
  const { id } = await withContext({ ...request, tracestate: 'a=1' }, () =>
    producer.publish('quiz.submitted', randomUUID(), payloadOf(quiz()))
  )
  const caused = await awarded.promise
  expect(caused.headers).toEqual({ ...request, source: 'school', tracestate: 'a=1', causation: id })
  await sink.whenCaughtUp()
  expect(await whoOf(caused.id)).toEqual({ ...request, source: 'school' })
})

test('the bus stores it too, and the first one stays where an id comes again', async () => {
  await using store = postgresEventStore(trail.connection)
  await using bus = createBus({ catalogue, store, source: 'bus' })
  const event = [randomUUID(), badge().payload as never] as const
  const occurredAt = new Date()
  const id = randomUUID()
  await bus.publish('badge.awarded', ...event, { id, occurredAt, actor: 'teacher-7', traceparent })
  await bus.publish('badge.awarded', ...event, { id, occurredAt, actor: 'teacher-8' })
  expect(await whoOf(id)).toEqual({ source: 'bus', actor: 'teacher-7', traceparent })
})

test('a record keeps its headers in quarantine, and its row has them after a retry', async () => {
  const [early, late] = catalogue.versions('lesson.published')
  if (!early || !late) throw new Error('the example has two versions')
  await trail.register(early)
  await trail.makeTopic('lesson.published')
  const [id, aggregateId] = [randomUUID(), randomUUID()]
  const elsewhere = `elsewhere.${trail.topicPrefix}lesson.published-value`
  const { id: schemaId } = await trail.registry.register(elsewhere, late.envelope)
  const body = late.type.toBuffer({
    ...{ id, aggregate_id: aggregateId, occurred_at: 1_700_000_000_000_000n },
    ...{ event_name: 'lesson.published', payload: lesson('', 2).payload, schema_version: 2 }
  })
  await trail.send([
    { eventName: 'lesson.published', key: aggregateId, value: wire(schemaId, body), partition: 0, headers: request }
  ])
  const held = () => trail.rows("SELECT number, headers FROM sink_quarantine WHERE status = 'held'")
  await eventually(async () => (await held()).length === 1, { what: 'it is in quarantine' })
  const [entry] = await held()
  expect(entry?.headers).toHaveLength(3)
  await trail.register(late)
  const retried = await runCli(['quarantine', 'retry', String(entry?.number), '--reason', 'registered now'], trail.env)
  expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining('stored') })
  expect(await whoOf(id)).toEqual(request)
})
