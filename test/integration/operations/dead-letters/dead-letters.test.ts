import { beforeAll, expect, test } from 'vitest'
import { runCli } from '../../../support/processes/cli.ts'
import { badge, lesson, testTrail } from '../../../support/trail.ts'
import { letterGroup } from './letter-group.ts'

const trail = await testTrail({ partitions: 1 })
const group = await letterGroup(trail, 'mails')
const topic = `${trail.topicPrefix}badge.awarded`
/** Personal data that must not be seen anywhere. */
const canary = 'jane.canary@example.org'
const letters = (name: string, ...args: string[]) =>
  runCli(['dead-letters', name, '--group', 'mails', ...args], trail.env)
const json = async (name: string, ...args: string[]) => {
  const { stdout, stderr } = await letters(name, '--json', ...args)
  expect(stderr).not.toContain(canary)
  return stdout
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

beforeAll(async () => {
  for (const name of ['badge.awarded', 'lesson.published']) await trail.offer(name)
  const good = await trail.encode({ ...badge(canary), aggregateId: '0199d6a0-0000-7000-8000-000000000001' })
  // In the topic are the event that failed and a newer one of the same aggregate.
  await trail.send([
    { ...good, key: String(good.key), partition: 0 },
    { ...good, key: String(good.key), partition: 0 }
  ])
  const other = await trail.encode({ ...lesson(canary), aggregateId: '0199d6a0-0000-7000-8000-000000000002' })
  await group.write([
    {
      eventName: 'badge.awarded',
      sourceOffset: 0,
      key: String(good.key),
      value: good.value,
      headers: { actor: canary, 'dead-letter-version': '1.2.3' }
    },
    { eventName: 'lesson.published', sourceOffset: 3, key: String(other.key), value: other.value },
    { eventName: 'badge.awarded', sourceOffset: 9, key: canary, value: Buffer.from(canary) },
    {
      eventName: 'badge.awarded',
      sourceOffset: 10,
      key: 'large',
      value: null,
      headers: { 'dead-letter-truncated': 'true', 'dead-letter-code': 'RECORD_TOO_LARGE' }
    }
  ])
})

test.each<[string[], number[]]>([
  [[], [0, 1, 2, 3]],
  [
    ['--event', 'badge.awarded'],
    [0, 2, 3]
  ],
  [['--code', 'RECORD_TOO_LARGE'], [3]],
  [['--aggregate', canary], [2]],
  [['--service-version', '1.2.3'], [0]],
  [['--until', '2026-01-01T00:00:00Z'], []],
  [
    ['--since', '2026-01-01T00:00:00Z', '--limit', '2'],
    [0, 1]
  ],
  [['--state', 'handled'], []]
])('list finds by %j', async (flags, offsets) => {
  expect((await json('list', ...flags)).map(({ offset }) => offset)).toEqual(offsets)
})

test('the list counts by state, code and topic', async () => {
  const { stdout, stderr } = await letters('list')
  expect(stderr).toContain(`letters: open 4\n  ECONNRESET × ${topic} open 2\n`)
  expect(stdout).toMatch(new RegExp(`^0\\topen\\t\\S+\\t${topic}/0@0\\tECONNRESET\\t5\\t1\\.2\\.3\\t0$`, 'm'))
  expect(stdout).toContain('\topen, truncated\t')
})

test('a dry run says what a redrive would meet, and does nothing', async () => {
  const [made] = await json('redrive', '--all', '--dry-run')
  expect(made).toMatchObject({
    letters: 3,
    aggregates: 3,
    added: 0,
    leftOut: { truncated: 1, guarded: 0, gone: 0, unplaced: 0, underway: 0, blocked: 0 },
    decode: 2,
    faults: { NOT_WIRE_FORMAT: 1 },
    handledSince: 0,
    newer: 1,
    lookedAtAll: true,
    unread: []
  })
  const { stdout, stderr } = await letters('redrive', '--event', 'badge.awarded', '--dry-run')
  expect(stdout).toContain('1 can be read with the schemas of today; not: NOT_WIRE_FORMAT 1')
  expect(stdout).toContain('1 with a newer event of their aggregate')
  expect(stderr).toMatch(/run it: eventtrail dead-letters redrive --group mails --plan \d+ --reason 'WHY'/)
  expect(await group.redriven()).toEqual([])
  expect(await trail.rows("SELECT FROM operator_actions WHERE operation = 'dead-letters redrive'")).toEqual([])
})

test('a letter is shown without its content, unless that is asked for with a purpose, and then it is recorded', async () => {
  const [shown] = await json('show', '0')
  expect(shown.headers).toContainEqual({ name: 'dead-letter-code', value: 'ECONNRESET', bytes: 10 })
  expect(shown.headers).toContainEqual({ name: 'actor', bytes: canary.length })
  expect(JSON.stringify(shown)).not.toContain(canary)
  expect(shown.fault).toBeUndefined()
  expect((await json('show', '2'))[0].fault).toMatchObject({ code: 'NOT_WIRE_FORMAT' })
  const silent = await runCli(['dead-letters', 'show', '2', '--group', 'mails', '--content'], {
    ...trail.env,
    DISCLOSURE_PURPOSE: ''
  })
  expect(silent).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--purpose') })
  const whole = await letters('show', '2', '--content', '--purpose', 'ticket 4711', '--basis', 'official')
  expect(whole.stderr).toContain('personal data')
  expect(JSON.parse(whole.stdout).content).toEqual({
    key: Buffer.from(canary).toString('base64'),
    value: Buffer.from(canary).toString('base64')
  })
  const looked = await trail.rows("SELECT * FROM disclosures WHERE tool = 'dead-letters show'")
  expect(looked).toMatchObject([
    {
      request: { group: group.groupId, offset: 2 },
      purpose: 'ticket 4711',
      basis: 'official',
      listed: false,
      rows: '1',
      unattributed: '1'
    }
  ])
  expect(await letters('show', '99')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no letter at offset 99')
  })
})

test('discarded letters stay in their topic, are not open any more, and are not redriven', async () => {
  const dry = await letters('discard', '--code', 'RECORD_TOO_LARGE', '--dry-run')
  const plan = /plan (\d+): 1 letter of 1 aggregate/.exec(dry.stdout)?.[1] ?? ''
  const done = await letters('discard', '--plan', plan, '--reason', 'published again')
  expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^action \d+: 1 discarded\n$/) })
  const twice = await letters('discard', '--plan', plan, '--reason', 'published again')
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('was carried out') })
  expect((await json('list')).map(({ offset }) => offset)).toEqual([0, 1, 2])
  expect((await json('list', '--state', 'discarded')).map(({ offset }) => offset)).toEqual([3])
  expect((await json('show', '3'))[0].state).toBe('discarded')
  const [again] = await json('redrive', '--all', '--dry-run')
  expect(again.leftOut.truncated).toBe(0)
})

test('discarding the last letter of a parked aggregate asks the group to resume it', async () => {
  const parked = await letterGroup(trail, 'parked')
  const park = { 'dead-letter-policy': 'park' }
  const of = (key: string, sourceOffset: number) => ({
    eventName: 'badge.awarded',
    sourceOffset,
    key,
    value: Buffer.from('x'),
    headers: park
  })
  await parked.write([of('one', 3), of('two', 4), of('one', 5)])
  const discard = (...args: string[]) =>
    runCli(['dead-letters', 'discard', '--group', 'parked', '--reason', 'r', ...args], trail.env)
  expect((await discard('--aggregate', 'two')).stdout).toContain('asked to release 1 parked aggregates')
  expect(await parked.redriven()).toMatchObject([{ key: 'two', value: null, headers: { 'redrive-end': '4' } }])
  expect((await discard('--aggregate', 'one')).stdout).toContain('2 discarded')
  expect((await parked.redriven()).filter(({ key }) => key === 'one')).toMatchObject([
    { value: null, headers: { 'redrive-end': '5', 'dead-letter-topic': topic } }
  ])
})

test.each([
  [['redrive', '--reason', 'r'], 'Expected one of --plan, --all'],
  [['redrive', '--all', '--code', 'X', '--reason', 'r'], 'Expected one of --plan, --all'],
  [['discard', '--all'], '--reason is required'],
  [['redrive', '--plan', '999999', '--reason', 'r'], 'There is no plan 999999'],
  [['list', '--since', 'yesterday'], 'Expected a time with a zone'],
  [['list', '--state', 'lost'], 'Expected --state']
])('%j is refused in words', async ([name = '', ...flags], words) => {
  expect(await letters(name, ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) })
})

test('a group without dead letters is named', async () => {
  const none = await runCli(['dead-letters', 'list', '--group', 'nobody'], trail.env)
  expect(none.stderr).toContain(`Kafka has no topic ${trail.topicPrefix}nobody.dead-letters`)
  expect(none.code).not.toBe(0)
})

// Case 35
test('no table that the catalogue fills has personal data', async () => {
  const tables = [
    'dead_letters',
    'dead_letter_states',
    'dead_letter_plans',
    'dead_letter_plan_letters',
    'operator_actions',
    'disclosures'
  ]
  for (const table of tables) {
    const [row] = await trail.rows(`SELECT coalesce(string_agg(t::text, ' '), '') AS text FROM ${table} t`)
    expect(row?.text, table).not.toContain(canary)
    expect(row?.text, table).not.toContain(Buffer.from(canary).toString('hex'))
  }
})
