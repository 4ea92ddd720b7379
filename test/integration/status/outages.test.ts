import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { startTold, type ToldProcess } from '../../support/processes/status.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

// Its own servers: each of them is taken away.
const stack = await startStack({ kind: 'status' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 2 })
for (const name of ['badge.awarded', 'quiz.submitted', 'lesson.published']) await trail.offer(name)
expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)

/** A mail server that can be taken away and started again on its port. */
async function mailServer(wanted = 0) {
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData: (stream, _, done) => void stream.resume().on('end', () => done())
  })
  await new Promise<void>(resolve => server.listen(wanted, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  return { port, close: () => new Promise<void>(resolve => server.close(() => resolve())) }
}

const outages = [
  { server: 'kafka', reason: 'Kafka is unreachable' },
  { server: 'postgres', reason: 'Postgres is unreachable' },
  { server: 'registry', reason: 'the registry is unreachable' }
] as const

test('sink, indexer and notifier: each server taken away is named, and all are ready again by themselves', {
  timeout: 300_000
}, async () => {
  let mail = await mailServer()
  onTestFinished(() => mail.close())
  const smtp = `smtp://127.0.0.1:${mail.port}`
  const sink = await startTold(trail.env, 'sink', '--session-timeout', '2000')
  const indexer = await startTold(trail.env, 'indexer', '--example')
  const notifier = await startTold(trail.env, 'notifier', '--example', '--smtp', smtp)
  const all: ToldProcess[] = [sink, indexer, notifier]
  const allBecome = (wanted: Parameters<ToldProcess['becomes']>[0]) =>
    Promise.all(all.map(each => each.becomes(wanted)))
  await allBecome('ready')

  for (const { server, reason } of outages) {
    await stack.restartable[server].kill()
    await allBecome({ reason })
    // To wait is not to be dead.
    for (const each of all) expect((await each.ask('/livez')).status).toBe(200)
    await stack.restartable[server].start()
    await allBecome('ready')
  }

  await mail.close()
  await notifier.becomes({ reason: 'the mail server is unreachable' })
  expect((await sink.ask('/readyz')).status).toBe(200)
  mail = await mailServer(mail.port)
  await notifier.becomes('ready')

  // They were not only ready, they work.
  const student = randomUUID()
  const db = new pg.Pool({ connectionString: trail.databaseUrl, max: 1 })
  onTestFinished(() => db.end())
  await db.query('INSERT INTO recipients (id, address, name) VALUES ($1, $2, $3)', [student, 'a@example.org', 'Ada'])
  const award = badge()
  await trail.publish([lesson(), { ...award, payload: { ...(award.payload as object), awarded_to: student } }])
  const counted = (each: ToldProcess, sample: string, value: number) =>
    eventually(async () => (await each.metrics()).get(sample) === value, { what: sample })
  const group = (name: string) => `{group="${trail.topicPrefix}${name}"}`
  await counted(sink, 'eventtrail_sink_rows_total', 2)
  await counted(indexer, `eventtrail_group_handled_total${group('indexer')}`, 1)
  // It reads every event, as subscriptions may name any.
  await counted(notifier, `eventtrail_group_handled_total${group('notifier')}`, 2)
  await counted(notifier, 'eventtrail_notifier_deliveries_total{channel="email",result="delivered"}', 1)

  for (const each of all) expect(await each.stop()).toBe(0)
})
