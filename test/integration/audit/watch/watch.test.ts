import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { createSink } from '../../../../sink/index.ts'
import { sealing } from '../../../support/audit/sealing.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { startTold } from '../../../support/processes/status.ts'
import { signedTrail } from '../../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, testTrail } from '../../../support/trail.ts'

const trail = await signedTrail(await testTrail({ partitions: 2 }))
await trail.offer('badge.awarded')
await trail.offer('quiz.submitted')
const sealer = sealing(trail.databaseUrl)
const folder = sealer.place()
const { PROOF_KEY_FILE: _, DATABASE_URL: __, ...log } = sealer.env(folder)
// A watch has no database.
const { DATABASE_URL: ___, PROOF_KEY_FILE: ____, ...kafka } = trail.env as Record<string, string>
const env = { ...kafka, ...log }

/** Signs what it likes, with the key of the sink. */
const liar = trail.writer('sink', { rows: 1 })
const seal = () => runCli(['proof', 'checkpoint', '--once'], sealer.env(folder))
async function watchOnce(...flags: string[]) {
  const { code, stdout, stderr } = await runCli(['proof', 'watch', '--once', '--json', ...flags], env)
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  return { code, stderr, lines, result: lines.at(-1), findings: lines.filter(({ kind }) => kind === 'finding') }
}

async function publishTo(partition: number, count: number): Promise<{ readonly first: number; readonly last: number }> {
  const topic = `${trail.topicPrefix}badge.awarded`
  const end = async () => (await trail.admin.ranges(topic)).find(each => each.partition === partition)?.end ?? 0
  const records = await Promise.all(Array.from({ length: count }, () => trail.encode(badge())))
  const first = await end()
  await trail.send(records.map(record => ({ ...record, partition })))
  return { first, last: (await end()) - 1 }
}

test('what a sink has stored is what Kafka has: rows, duplicates, conflicts and bad records are compared once', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const twice = { ...badge(), id: v7(), aggregateId: randomUUID(), occurredAt: 1_700_000_000_000_000n }
  await trail.publish(Array.from({ length: 60 }, () => badge('é "quoted" \\ 🦉')))
  await trail.publish(Array.from({ length: 40 }, (_each, index) => quiz(index / 7)))
  await trail.publish([twice])
  await trail.send([{ eventName: 'badge.awarded', value: Buffer.from('garbage'), headers: { one: 'a' } }])
  await trail.publish([
    twice,
    { ...twice, payload: badge('another').payload },
    { ...badge('U+0000 \u0000'), unchecked: true },
    badge()
  ])
  await sink.whenCaughtUp()
  await sink.drain()
  expect(await seal()).toMatchObject({ code: 0 })
  const first = await watchOnce()
  expect(first).toMatchObject({ code: 0, findings: [] })
  expect(first.result).toMatchObject({ kind: 'result', compared: 106, uncompared: 0, waiting: 0, partitions: 4 })
})

test('a sink that signs other rows, or leaves records out, is found by a watch of its topics', async () => {
  const other = await publishTo(0, 3)
  const left = await publishTo(1, 4)
  await liar.store([
    { partition: 0, ...other },
    { partition: 1, ...left, rows: [] }
  ])
  expect(await seal()).toMatchObject({ code: 0 })
  const { code, findings, result } = await watchOnce()
  expect(code).toBe(1)
  // What the first watch has compared is not read again.
  expect(result).toMatchObject({ compared: 7, findings: 2, waiting: 0 })
  expect(findings).toEqual([
    expect.objectContaining({ code: 'ROWS_CHANGED', partition: 0, ...other }),
    expect.objectContaining({ code: 'RECORD_LEFT_OUT', partition: 1, ...left })
  ])
})

test('records that no sink has signed in time are found, be it by a watch that runs on', async () => {
  const late = await publishTo(1, 2)
  const { code, findings } = await watchOnce('--within', '0')
  expect({ code, findings }).toMatchObject({
    code: 1,
    findings: [{ code: 'RECORD_UNACCOUNTED', partition: 1, ...late }]
  })
  const watching = await startTold(env, 'proof', 'watch', '--every', '100')
  await watching.becomes('ready')
  const waiting = async (name: string) => (await watching.metrics()).get(`eventtrail_proof_watch_${name}`)
  await eventually(async () => (await waiting('waiting_records')) === 2, { what: 'two records wait' })
  await liar.store([{ partition: 1, ...late }])
  expect(await seal()).toMatchObject({ code: 0 })
  await eventually(() => watching.output().includes('ROWS_CHANGED'), { what: 'the watch finds other rows' })
  await eventually(async () => (await waiting('waiting_records')) === 0, { what: 'no record waits' })
  expect(await watching.stop()).toBe(1)
})
