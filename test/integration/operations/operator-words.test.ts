import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, type TestTrail, testTrail } from '../../support/trail.ts'

async function untilStored(trail: TestTrail, group = 'sink'): Promise<void> {
  await using sink = createSink({ ...trail.sinkOptions, group })
  await sink.start()
  await sink.whenCaughtUp()
}

test('a prefix or a group that is spelt wrongly looks neither like a whole trail nor like a loss', {
  timeout: 120_000
}, async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('badge.awarded')
  await trail.publish([badge()])
  await untilStored(trail)
  const group = await runCli(['verify', '--group', 'nope'], trail.env)
  expect(group).toMatchObject({ code: 2, stderr: expect.stringContaining('knows the groups sink') })
  const prefix = await runCli(['verify', '--prefix', 'staging.'], trail.env)
  expect(prefix).toMatchObject({ code: 2, stderr: expect.stringContaining('under the prefix staging.') })
  const doctor = await runCli(['doctor', '--group', 'nope'], trail.env)
  expect(doctor.stdout).toContain('WRONG    group       No sink of group nope has read anything')
  expect(doctor.stdout).not.toContain('WRONG    lag')
  expect((await runCli(['verify'], trail.env)).code).toBe(0)

  const forget = ['sink', 'forget', '--event', 'badge.awardd', '--reason', 'typo']
  expect(await runCli(forget, trail.env)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/no sink of group .*sink has ever read .*badge\.awardd; it has read .*badge\.awarded/)
  })
})

test('rows that were deleted and that another group has read again are a notice', { timeout: 120_000 }, async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('lesson.published')
  await trail.publish(Array.from({ length: 20 }, () => lesson()))
  await untilStored(trail)
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_offset IN (1, 2, 5)')
  expect((await runCli(['verify'], trail.env)).code).toBe(1)
  await untilStored(trail, 'again')
  expect(await trail.count('event_envelopes')).toBe(20)
  const back = await runCli(['verify'], trail.env)
  expect(back.stdout).toContain(
    '/0: 3 rows that the ledger has were deleted, and events of the same offsets are stored'
  )
  expect(back.code).toBe(0)
  // One of them is gone again.
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_offset = 2')
  const gone = await runCli(['verify'], trail.env)
  expect(gone.code).toBe(1)
  expect(gone.stdout).toMatch(/WRONG +rows .*at offsets 2/)
})

test('a topic that was recreated is resumed by one command, which verify leads to and doctor names', {
  timeout: 180_000
}, async () => {
  const trail = await testTrail({ partitions: 3 })
  await trail.offer('badge.awarded')
  await trail.publish(Array.from({ length: 30 }, () => badge()))
  await untilStored(trail)
  const topic = `${trail.topicPrefix}badge.awarded`
  await trail.admin.deleteTopics([topic])
  await eventually(async () => !(await trail.admin.topics()).has(topic), { what: 'the topic is gone' })
  await trail.makeTopic('badge.awarded')
  const before = await runCli(['verify'], trail.env)
  expect(before.code).toBe(1)
  expect(before.stdout).toMatch(/was deleted and recreated: .*if anything.*`eventtrail doctor` gives the command/)
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await eventually(async () => (await trail.rows('SELECT 1 FROM sink_offsets WHERE halted IS NOT NULL')).length === 3, {
    what: 'all partitions are halted',
    timeoutMs: 60_000
  })
  const lines = (await runCli(['doctor'], trail.env)).stdout.split('\n').filter(line => line.includes('halted'))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(`${topic}/0, 1, 2 of group`)
  expect(lines[0]).toContain("sink reset --event badge.awarded --to earliest --reason 'WHY'")
  const reset = ['sink', 'reset', '--event', 'badge.awarded', '--reason', 'r', '--to']
  expect((await runCli([...reset, '0'], trail.env)).code).toBe(2)
  const { code, stdout } = await runCli([...reset, 'earliest'], trail.env)
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 3])
  expect((await runCli([...reset, 'earliest'], trail.env)).code).toBe(2)
})

test('a schema of another program as the latest version is named so, by doctor, register and check', {
  timeout: 120_000
}, async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('badge.awarded')
  const subject = `${trail.topicPrefix}badge.awarded-value`
  const schema = JSON.stringify({ type: 'record', name: 'NotEnv', fields: [{ name: 'a', type: 'int', default: 0 }] })
  const headers = { 'content-type': 'application/json' }
  await fetch(`${trail.registryUrl}/config/${subject}`, { method: 'PUT', headers, body: '{"compatibility":"NONE"}' })
  const body = JSON.stringify({ schema })
  expect((await fetch(`${trail.registryUrl}/subjects/${subject}/versions`, { method: 'POST', headers, body })).ok).toBe(
    true
  )
  const { stdout } = await runCli(['doctor'], trail.env)
  expect(stdout).toContain(`the latest schema of ${subject} is no envelope of an event: records written with it`)
  expect(stdout).toContain('those of its older versions are')
  const registered = await runCli(['schemas', 'register', '--example'], trail.env)
  expect(registered).toMatchObject({ code: 0, stderr: expect.stringContaining('version 2 of') })
  expect(registered.stderr).toContain('Delete that version from the registry')
  const checked = await runCli(['schemas', 'check', '--example', '--against-registry'], trail.env)
  expect(checked.stdout).toContain('is no envelope of this event')
  expect(checked.stdout).not.toContain('add its file')
})

test('ids of a wrong time are reported with their month, and held records by the group that holds them', {
  timeout: 120_000
}, async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('badge.awarded')
  await trail.publish([{ ...badge(), id: '00000001-2345-7000-8000-000000000001' }])
  await trail.send([{ eventName: 'badge.awarded', value: Buffer.from('no envelope') }])
  await untilStored(trail)
  await untilStored(trail, 'again')
  const { stdout } = await runCli(['doctor'], trail.env)
  expect(stdout).toContain('the oldest 1970-01')
  expect(stdout).toMatch(/2 records held \(1 by group .*again, 1 by group .*sink\)/)
  const other = await runCli(['doctor', '--prefix', 'staging.'], trail.env)
  expect(other.stdout).toContain('nothing held')
  const month = await runCli(['migrate', '--from-month', '1800-01'], trail.env)
  expect(month).toMatchObject({ code: 2, stderr: expect.stringContaining('from 1970-01 to 2099-12') })
})
