import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { cli, runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testTrail } from '../../../support/trail.ts'
import { letterGroup, type RedrivenRecord } from './letter-group.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')
const { value: event } = await trail.encode(badge())

const aggregates = 500
/** Letters of many aggregates, in the order in which their messages were in the topic. */
const letters = (count: number, headers: Readonly<Record<string, string>> = {}) =>
  Array.from({ length: count }, (_, offset) => ({
    eventName: 'badge.awarded',
    sourceOffset: offset,
    key: `aggregate-${offset % aggregates}`,
    value: event,
    headers
  }))
const command = (group: string, ...args: string[]) =>
  runCli(['dead-letters', 'redrive', '--group', group, ...args], trail.env)
const planOf = async (group: string): Promise<string> => {
  const made = await command(group, '--all', '--dry-run', '--json')
  expect(made.stderr).toContain('--plan')
  return String((JSON.parse(made.stdout) as { plan: number }).plan)
}
const actions = () =>
  trail.rows("SELECT id, status, result FROM operator_log WHERE operation = 'dead-letters redrive' ORDER BY id")
/** The offsets of the source, by aggregate, in the order in which they were sent. */
const orders = (records: readonly RedrivenRecord[]) =>
  [...Map.groupBy(records, ({ key }) => key).values()].map(each =>
    each.map(({ headers }) => Number(headers['dead-letter-offset']))
  )

// Case 34
test('5,000 letters, killed half-way and run again: each is handled once more and recorded once', async () => {
  const group = await letterGroup(trail, 'killed')
  await group.write(letters(5_000))
  const plan = await planOf('killed')
  const args = ['dead-letters', 'redrive', '--group', 'killed', '--plan', plan, '--reason', 'fixed', '--rate', '2000']
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...trail.env }, stdio: 'ignore' })
  const exited = once(child, 'exit')
  await eventually(async () => (await trail.count('dead_letter_states')) >= 2_000, { what: 'half of them are sent' })
  child.kill('SIGKILL')
  await exited
  const sentByTheFirst = (await group.redriven()).length
  expect(sentByTheFirst).toBeGreaterThanOrEqual(2_000)
  expect(sentByTheFirst).toBeLessThan(5_000)
  await eventually(async () => (await actions())[0]?.status === 'interrupted', { what: 'the action is interrupted' })

  const other = await command('killed', '--code', 'ECONNRESET', '--reason', 'another one')
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining(`redrive --plan ${plan}`) })
  expect((await group.redriven()).length).toBe(sentByTheFirst)

  const member = await group.handle()
  const again = await command('killed', '--plan', plan, '--reason', 'fixed', '--rate', '2000', '--json')
  expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(again.stdout)).toMatchObject({
    sent: 5_000,
    sentBefore: sentByTheFirst,
    skipped: 0,
    handled: 5_000,
    deadAgain: 0,
    waiting: 0
  })
  const records = await group.redriven()
  expect(records).toHaveLength(5_000)
  expect(new Set(records.map(({ headers }) => headers['redrive-of'])).size).toBe(5_000)
  expect(member.handled).toHaveLength(5_000)
  for (const order of orders(member.handled)) expect(order).toEqual(order.toSorted((one, another) => one - another))
  expect(records.every(({ value }) => value?.equals(event as Buffer))).toBe(true)

  const recorded = await actions()
  expect(recorded).toMatchObject([{ status: 'done', result: { sent: 5_000, handled: 5_000 } }])
  const resumed = await trail.rows('SELECT action FROM operator_resumptions')
  expect(resumed).toEqual([{ action: recorded[0]?.id }])

  // Run a second time, it does nothing.
  const twice = await command('killed', '--plan', plan, '--reason', 'fixed')
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('was carried out by action') })
  const all = await command('killed', '--all', '--reason', 'fixed')
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('no open dead letter') })
  expect(await group.redriven()).toHaveLength(5_000)
  expect(await actions()).toHaveLength(1)
}, 240_000)

test('what fails again is a new letter of the same message, and after three redrives it is left alone', async () => {
  const group = await letterGroup(trail, 'failing')
  await group.write(letters(2))
  await group.handle(({ headers }) => headers['dead-letter-offset'] === '1')
  const first = await command('failing', '--all', '--reason', 'fixed', '--json')
  expect(first.code).toBe(1)
  expect(JSON.parse(first.stdout)).toMatchObject({ sent: 2, handled: 1, deadAgain: 1, waiting: 0 })
  const list = await runCli(['dead-letters', 'list', '--group', 'failing', '--json'], trail.env)
  expect(JSON.parse(list.stdout)).toMatchObject({
    code: 'STILL_WRONG',
    topic: `${trail.topicPrefix}badge.awarded`,
    sourceOffset: 1,
    redriveCount: 1,
    state: 'open'
  })
  for (const count of [2, 3]) {
    const again = await command('failing', '--all', '--reason', 'once more', '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ sent: 1, deadAgain: 1 })
    const ofIt = (await group.redriven()).filter(({ headers }) => headers['dead-letter-offset'] === '1')
    expect(ofIt.map(({ headers }) => headers['redrive-count']).at(-1)).toBe(String(count))
  }
  const guarded = await command('failing', '--all', '--reason', 'once more')
  expect(guarded).toMatchObject({ code: 0, stderr: expect.stringContaining('redriven 3 times already: --again') })
  const sent = (await group.redriven()).length
  const forced = await command('failing', '--all', '--again', '--reason', 'really', '--json')
  expect(JSON.parse(forced.stdout)).toMatchObject({ sent: 1, deadAgain: 1 })
  expect((await group.redriven()).length).toBe(sent + 1)
}, 120_000)

test('a topic that was made again shares nothing with the one before', async () => {
  const group = await letterGroup(trail, 'remade')
  await group.write(letters(3))
  const plan = await planOf('remade')
  await trail.admin.deleteTopics([group.deadLetters])
  await eventually(async () => !(await trail.admin.topics()).has(group.deadLetters), { what: 'deleted' })
  await group.makeTopics()
  await group.write(letters(1, { 'dead-letter-code': 'NEW' }))
  const old = await command('remade', '--plan', plan, '--reason', 'fixed')
  expect(old).toMatchObject({ code: 2, stderr: expect.stringContaining('deleted and made again') })
  expect(await group.redriven()).toEqual([])
  const list = await runCli(['dead-letters', 'list', '--group', 'remade'], trail.env)
  expect(list.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^0\topen\t.*\tNEW\t/)])
  const sent = await command('remade', '--all', '--reason', 'fixed', '--no-wait', '--json')
  expect(JSON.parse(sent.stdout)).toMatchObject({ sent: 1 })
}, 120_000)

test('nothing is sent while the log of operators cannot be written', async () => {
  const group = await letterGroup(trail, 'unrecorded')
  await group.write(letters(3))
  const plan = await planOf('unrecorded')
  await trail.rows('ALTER TABLE operator_actions ADD CONSTRAINT refused CHECK (reason <> $$fixed$$) NOT VALID')
  const refused = await command('unrecorded', '--plan', plan, '--reason', 'fixed')
  await trail.rows('ALTER TABLE operator_actions DROP CONSTRAINT refused')
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('Nothing was done')
  expect(await group.redriven()).toEqual([])
}, 120_000)

test('of a group that parks, an aggregate is sent whole, and an end marker after its last letter', async () => {
  const group = await letterGroup(trail, 'parking')
  const park = { 'dead-letter-policy': 'park' }
  const parked = [0, 1, 2].map(turn => ['one', 'two'].map((key, at) => ({ key, sourceOffset: turn * 10 + at })))
  await group.write(
    parked.flat().map(({ key, sourceOffset }, at) => ({
      eventName: 'badge.awarded',
      sourceOffset,
      key,
      value: event,
      headers: { ...park, 'dead-letter-code': at < 2 ? 'ECONNRESET' : 'AGGREGATE_PARKED' }
    }))
  )
  const dry = await command('parking', '--code', 'ECONNRESET', '--aggregate', 'one', '--dry-run')
  expect(dry.stdout).toContain('3 letters of 1 aggregate')
  expect(dry.stdout).toContain('2 letters of them did not match')
  const sent = await command('parking', '--code', 'ECONNRESET', '--reason', 'fixed', '--no-wait', '--json')
  expect(JSON.parse(sent.stdout)).toMatchObject({ sent: 6 })
  const records = await group.redriven()
  for (const [key, offsets] of [
    ['one', [0, 10, 20]],
    ['two', [1, 11, 21]]
  ] as const) {
    const ofIt = records.filter(record => record.key === key)
    const through = String(offsets.at(-1))
    expect(ofIt.map(({ headers }) => headers['redrive-end'] ?? Number(headers['dead-letter-offset']))).toEqual([
      ...offsets,
      through
    ])
    expect(ofIt.at(-1)).toMatchObject({
      value: null,
      headers: { 'dead-letter-topic': `${trail.topicPrefix}badge.awarded` }
    })
  }
}, 120_000)
