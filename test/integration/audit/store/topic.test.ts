import { cpSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { CheckpointTopic, checkpointPathOf, checkpointTopicOf } from '../../../../audit/index.ts'
import { createKafkaClient } from '../../../../kafka/kafkajs/index.ts'
import { sealing } from '../../../support/audit/sealing.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { provedTrail } from '../../../support/proof/proved-trail.ts'

const trail = await provedTrail()
const given = sealing(trail.databaseUrl)
const folder = given.place()
const topic = checkpointTopicOf(trail.topicPrefix)
const client = createKafkaClient({ brokers: trail.brokers })
const reader = new CheckpointTopic({ client, topic })
afterAll(() => reader.close())

const proof = async (args: string, store: string, more: Readonly<Record<string, string>> = {}) => {
  const env = { ...trail.env, ...given.env(folder), PROOF_STORE: store, ...more }
  const { code, stdout, stderr } = await runCli(['proof', ...args.split(' ')], env)
  return { code, stderr, lines: stdout.trim().split('\n') }
}
const both = `file:${folder},kafka:`
const seal = (more: Readonly<Record<string, string>> = {}) => proof('checkpoint --once', both, more)
let next = 0
async function entry(): Promise<void> {
  await trail.writer('sink', { rows: 1 }).store([{ first: next, last: next }])
  next += 1
}

test('a topic gets each checkpoint once, and is compared with the log', async () => {
  expect(await reader.notes()).toEqual([])
  expect(await reader.get('checkpoint')).toBeUndefined()
  await entry()
  expect(await seal()).toMatchObject({ code: 0, lines: ['2 entries sealed; the log has 2'] })
  const [first] = await reader.notes()
  const old = given.place()
  cpSync(folder, old, { recursive: true })
  await entry()
  expect(await seal()).toMatchObject({ code: 0 })
  expect(await seal()).toMatchObject({ code: 0 })
  const kept = await (await given.openPlace(folder)).get(checkpointPathOf(3))
  expect(await reader.notes()).toEqual([first, String(kept)])
  expect(await reader.get('checkpoint')).toEqual(kept)
  expect(await reader.get(checkpointPathOf(3))).toBeUndefined()

  expect(await proof('verify', both)).toMatchObject({ code: 0 })
  const rolledBack = await proof('verify', `file:${old},kafka:${topic}`)
  expect([rolledBack.code, rolledBack.lines]).toEqual([
    1,
    expect.arrayContaining([`LOG_ROLLED_BACK  a checkpoint of kafka:${topic}: it has 3 entries, and the log 2`])
  ])
  expect(await proof('verify', `${both}-none`)).toMatchObject({
    code: 1,
    lines: expect.arrayContaining(['CHECKPOINT_INVALID  kafka:-none: the place has no checkpoint'])
  })
})

test('a topic that is away or refuses holds up nothing, and is no first place', async () => {
  await entry()
  const away = await seal({ KAFKA_BROKERS: '127.0.0.1:1' })
  expect([away.code, away.lines]).toEqual([
    1,
    [expect.stringMatching(/^PLACE_LAGGING {2}kafka:.*KAFKA_UNAVAILABLE/), '1 entry sealed; the log has 4']
  ])
  expect(await proof('verify', both, { KAFKA_BROKERS: '127.0.0.1:1' })).toMatchObject({ code: 3 })
  for (const [args, store] of [
    ['checkpoint --once', `kafka:,file:${folder}`],
    ['checkpoint --once', 'kafka:'],
    ['verify', 'kafka:']
  ] as const)
    expect(await proof(args, store)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a topic of Kafka keeps checkpoints alone')
    })
  expect(await seal()).toMatchObject({ code: 0 })
  expect(await reader.notes()).toHaveLength(3)
})
