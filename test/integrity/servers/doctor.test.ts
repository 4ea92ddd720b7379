import { afterAll, expect, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const stack = await startStack({ kind: 'doctor', brokers: 3 })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 1, replicationFactor: 3 })
const topicOf = (name: string) => trail.topicPrefix + name

async function replicas(): Promise<{ code: number | null; found: { level: string; words: string }[] }> {
  const { code, stdout } = await runCli(['doctor', '--json'], trail.env)
  const findings = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { check: string; level: string; words: string })
  return { code, found: findings.filter(({ check }) => check === 'replicas') }
}

test('of several brokers, doctor says which topics lose acknowledged events with one of them', async () => {
  expect((await runCli(['migrate'], trail.env)).code).toBe(0)
  for (const name of ['lesson.published', 'badge.awarded']) await trail.offer(name)
  expect((await replicas()).found).toEqual([{ check: 'replicas', level: 'ok', words: expect.any(String) }])

  const { admin } = trail
  const kafka = trail.kafka.kafka.admin()
  await kafka.connect()
  const set = (topic: string, name: string, value: string) =>
    kafka.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: topic, configEntries: [{ name, value }] }]
    })
  await set(topicOf('lesson.published'), 'min.insync.replicas', '1')
  await set(topicOf('badge.awarded'), 'unclean.leader.election.enable', 'true')
  await kafka.disconnect()
  await trail.register((await import('../../../schemas/catalogue/index.ts')).catalogue.version('quiz.submitted'))
  await admin.createTopics([{ topic: topicOf('quiz.submitted'), partitions: 1, replicationFactor: 1, config: {} }])
  const { code, found } = await replicas()
  expect(code).toBe(0)
  expect(found).toEqual([
    expect.objectContaining({ level: 'warning', words: expect.stringMatching(/quiz\.submitted have one replica/) }),
    expect.objectContaining({
      level: 'warning',
      words: expect.stringMatching(/lesson\.published have min\.insync\.replicas of 1/)
    }),
    expect.objectContaining({
      level: 'warning',
      words: expect.stringMatching(/badge\.awarded allow unclean elections/)
    })
  ])
})

test('a broker that is away is missed: replicas out of sync, and a partition without a leader', async () => {
  const [{ partitions } = { partitions: [] }] = await trail.admin.describeTopics([topicOf('quiz.submitted')])
  const alone = stack.brokers[(partitions[0]?.leader ?? 0) - 1]
  await alone?.kill()
  expect(alone).toBeDefined()
  await eventually(
    async () => {
      const { found } = await replicas()
      expect(found).toContainEqual(
        expect.objectContaining({
          level: 'wrong',
          words: expect.stringMatching(/no broker leads .*quiz\.submitted\/0/)
        })
      )
      expect(found).toContainEqual(
        expect.objectContaining({
          level: 'warning',
          words: expect.stringMatching(/lesson\.published\/0 have fewer replicas in sync/)
        })
      )
      return true
    },
    { what: 'doctor says so', timeoutMs: 120_000 }
  )
  await expect(trail.admin.ping()).resolves.toBeUndefined()
  await alone?.start()
  await eventually(async () => (await replicas()).code === 0, { what: 'all is led again', timeoutMs: 60_000 })
})
