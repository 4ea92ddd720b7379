import { afterAll, expect, test } from 'vitest'
import { connectionFromEnvironment } from '../../../../connection/index.ts'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { createIndexer, indexerMigrations, postgresIndex } from '../../../../consumers/indexer/index.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { securedKafka, type Way } from '../../../support/kafka/secured.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testTrail } from '../../../support/trail.ts'

const secured = await securedKafka()
const trail = await testTrail()
const session = await trail.db.connect()
await migrate(session, indexerMigrations)
session.release()
const index = postgresIndex(trail.connection)
afterAll(() => index.close())
const { payload } = badge() as { payload: { badge_id: string; awarded_to: string; reason: string } }

/** Register, publish, sink, group, indexer and doctor, all by one environment. */
async function walk(way: Way): Promise<void> {
  const topicPrefix = `${trail.topicPrefix}${Object.keys(secured.ways).indexOf(way)}.`
  const env = { ...trail.env, ...secured.ways[way], TOPIC_PREFIX: topicPrefix, LOG_LEVEL: 'warn' }
  const registered = await runCli(['schemas', 'register', '--example'], env)
  expect(registered).toMatchObject({ code: 0 })

  const connection = connectionFromEnvironment({ env, postgres: true })
  const common = { connection, topicPrefix, catalogue }
  const handled: string[] = []
  await using sink = createSink({ ...trail.sinkOptions, connection, topicPrefix })
  await using group = createConsumerGroup({
    ...common,
    group: 'walk',
    handlers: { 'badge.awarded': ({ id }) => void handled.push(id) }
  })
  await using indexer = createIndexer({
    ...common,
    documents: { 'badge.awarded': ({ payload }) => ({ id: payload.badge_id, text: `${way} ${payload.reason}` }) },
    index
  })
  await using producer = createProducer({ ...common, source: 'walk' })
  await Promise.all([sink.start(), group.start(), indexer.start(), producer.start()])
  const { id } = await producer.publish('badge.awarded', crypto.randomUUID(), payload)
  await eventually(() => handled.includes(id), { what: 'it is handled', timeoutMs: 30_000 })
  await eventually(async () => (await index.search(way)).hits.length > 0, { what: 'it is indexed', timeoutMs: 30_000 })
  const stored = () => trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [id])
  await eventually(async () => (await stored()).length === 1, { what: 'it is stored', timeoutMs: 30_000 })

  const doctor = await runCli(['doctor', '--json'], env)
  const findings = doctor.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { check: string; level: string })
  expect(findings.find(({ check }) => check === 'kafka')).toMatchObject({ level: 'ok' })
}

test.each(Object.keys(secured.ways) as Way[])('%s: registered, published, stored, handled, indexed and examined', walk)
