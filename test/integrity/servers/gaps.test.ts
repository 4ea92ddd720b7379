import { afterAll, expect, test } from 'vitest'
import { createSink, type Sink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { lesson, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 3 })
await trail.offer('lesson.published')
await trail.offer('quiz.submitted')
const lessons = `${trail.topicPrefix}lesson.published`
const kafka = trail.kafka.kafka.admin()
await kafka.connect()
afterAll(() => kafka.disconnect())

const encodedLessons = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => trail.encode(lesson(`Lesson ${i}`))))

/** Publishes `count` lessons into one partition; resolves to their ids. */
async function publishTo(partition: number, count: number): Promise<string[]> {
  const encoded = await encodedLessons(count)
  await trail.send(encoded.map(record => ({ ...record, partition })))
  return encoded.map(({ id }) => id)
}

async function makeAnew(): Promise<void> {
  await trail.admin.deleteTopics([lessons])
  const made = async () => (await trail.makeTopic('lesson.published')).length === 1
  await eventually(made, { what: 'the topic is made anew', timeoutMs: 30_000 })
  await eventually(async () => (await trail.admin.ranges(lessons)).every(({ end }) => end === 0), {
    what: 'its log is empty'
  })
}

const positionOf = async (partition: number) => {
  const [row] = await trail.rows(
    'SELECT next_offset::int AS next, incarnation, halted FROM sink_offsets WHERE consumer_group = $1 AND topic = $2 AND partition = $3',
    [trail.group, lessons, partition]
  )
  return row
}
const halted = (partition: number, ...reasons: string[]) =>
  eventually(
    async () => {
      expect(reasons).toContain((await positionOf(partition))?.halted)
      return true
    },
    { what: `partition ${partition} is halted: ${reasons.join(' or ')}` }
  )
const stored = (ids: readonly string[]) =>
  eventually(
    async () => (await trail.rows('SELECT 1 FROM event_envelopes WHERE id = ANY($1)', [ids])).length === ids.length,
    { what: `${ids.length} events are stored` }
  )
const ledgerOf = (partition: number) =>
  trail.rows(
    `SELECT incarnation, min(first_offset)::int AS first, max(last_offset)::int AS last, sum(rows)::int AS rows,
       sum(duplicates)::int AS duplicates, sum(skipped)::int AS skipped, sum(lost)::int AS lost
     FROM sink_ledger WHERE topic = $1 AND partition = $2 GROUP BY 1 ORDER BY 1`,
    [lessons, partition]
  )
const reset = (partition: number, to: string, ...more: string[]) =>
  runCli(
    ['sink', 'reset', '--event', 'lesson.published', '--partition', String(partition), '--to', to, ...more],
    trail.env
  )

/** Waits until a partition is halted for one of these reasons, and has it read from the start. */
async function readAnew(partition: number, ...reasons: string[]): Promise<void> {
  await halted(partition, ...reasons)
  expect(await reset(partition, 'earliest', '--reason', 'made anew')).toMatchObject({ code: 0 })
}

async function started(): Promise<Sink> {
  const sink = createSink(trail.sinkOptions)
  await sink.start()
  return sink
}

// Case 11b
test('a topic that was recreated stops its partitions alone, and is read again after a reset', async () => {
  {
    await using sink = await started()
    for (const partition of [0, 1, 2]) await publishTo(partition, 10)
    await sink.whenCaughtUp()
  }
  const before = await trail.rows('SELECT * FROM event_envelopes ORDER BY id')
  // As where brokers or the trail are too old for ids of topics: then the last record shows it.
  await trail.rows('UPDATE sink_offsets SET topic_id = NULL')
  await makeAnew()
  const shorter = await publishTo(0, 4)
  const longer = await publishTo(1, 15)
  const [score] = await trail.publish([quiz()])

  await using sink = await started()
  await halted(0, 'LOG_CUT_BACK')
  await halted(1, 'LOG_REPLACED')
  // Nothing came into this one: it is noticed anyway.
  await halted(2, 'LOG_CUT_BACK')
  await stored([score?.id ?? ''])
  const [more] = await trail.publish([quiz()])
  await stored([more?.id ?? ''])
  await expect(sink.whenCaughtUp({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(await trail.rows("SELECT * FROM event_envelopes WHERE event_name = 'lesson.published' ORDER BY id")).toEqual(
    before
  )
  const doctor = await runCli(['doctor'], trail.env)
  expect(doctor.code).toBe(1)
  for (const words of [
    `${lessons}/0, 2 of group ${trail.group}: LOG_CUT_BACK`,
    `${lessons}/1 of group ${trail.group}: LOG_REPLACED`
  ])
    expect(doctor.stdout).toContain(words)

  // The sink runs meanwhile, and continues by itself.
  const done = await reset(0, 'earliest', '--reason', 'made anew by J., change 4711')
  expect(done).toMatchObject({ code: 0, stdout: `${lessons}/0: was at 10, resumes at 0 as incarnation 2\n` })
  expect(await reset(1, '3', '--reason', 'the first three are known')).toMatchObject({ code: 0 })
  expect(await reset(2, 'latest', '--reason', 'empty')).toMatchObject({ code: 0 })
  await stored([...shorter, ...longer.slice(3)])
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = ANY($1)', [longer.slice(0, 3)])).toEqual([])
  const third = await publishTo(2, 1)
  await stored(third)

  const resetTo = (partition: number, to_offset: number, halted: string, reason: string) => ({
    ...{ partition, incarnation: 2, from_offset: 10 },
    ...{ to_offset, halted, reason }
  })
  const first = { incarnation: 1, first: 0, last: 9, rows: 10, duplicates: 0, skipped: 0, lost: 0 }
  expect(await ledgerOf(0)).toEqual([first, { ...first, incarnation: 2, last: 3, rows: 4 }])
  expect(await ledgerOf(1)).toEqual([first, { ...first, incarnation: 2, first: 3, last: 14, rows: 12 }])
  expect(
    await trail.rows(
      'SELECT partition, incarnation, from_offset::int, to_offset::int, halted, reason FROM sink_resets ORDER BY partition'
    )
  ).toEqual([
    resetTo(0, 0, 'LOG_CUT_BACK', 'made anew by J., change 4711'),
    resetTo(1, 3, 'LOG_REPLACED', 'the first three are known'),
    resetTo(2, 0, 'LOG_CUT_BACK', 'empty')
  ])
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect((await runCli(['doctor'], trail.env)).stdout).not.toContain('LOG_')
})

// Case 11b
test('a topic that is recreated under a running sink loses nothing either', async () => {
  await using sink = await started()
  await sink.whenCaughtUp()
  const before = await positionOf(1)
  await makeAnew()
  const anew = await publishTo(1, Number(before?.next) + 5)
  await readAnew(1, 'LOG_REPLACED')
  await stored(anew)
  // A log that is empty now is noticed with its first record at the latest.
  for (const partition of [0, 2]) {
    const first = await publishTo(partition, 1)
    await readAnew(partition, 'LOG_CUT_BACK', 'LOG_REPLACED')
    await stored(first)
  }
  expect(sink.state).toBe('running')
})

// Case 11b
test('a topic recreated with the very same last record is another one, also to a sink that runs', async () => {
  await using sink = await started()
  await sink.whenCaughtUp()
  const again = (await encodedLessons(3)).map(record => ({ ...record, partition: 0 }))
  await trail.send(again)
  await sink.whenCaughtUp()
  const { next } = (await positionOf(0)) as { next: number }
  await makeAnew()
  const first = await publishTo(0, next - 3)
  await trail.send(again)
  const last = await publishTo(0, 2)
  await readAnew(0, 'LOG_REPLACED')
  await stored([...first, ...again.map(({ id }) => id), ...last])
  for (const partition of [1, 2]) await readAnew(partition, 'LOG_REPLACED')
  await sink.whenCaughtUp()
})

// Case 10
test('what retention removed before it was read is recorded, and the rest is read on', async () => {
  const { next } = (await positionOf(1)) as { next: number }
  const removed = await publishTo(1, 6)
  const kept = await publishTo(1, 4)
  const allGone = Number((await positionOf(2))?.next)
  await publishTo(2, 3)
  // kafkajs asks no broker about a topic that it has not met.
  await kafka.fetchTopicOffsets(lessons)
  await kafka.deleteTopicRecords({
    topic: lessons,
    partitions: [
      { partition: 1, offset: String(next + 6) },
      { partition: 2, offset: String(allGone + 3) }
    ]
  })
  await using sink = await started()
  await sink.whenCaughtUp()
  await stored(kept)
  expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = ANY($1)', [removed])).toEqual([])
  // Also where no record came after them.
  const gaps = () =>
    trail.rows(
      'SELECT partition, first_offset::int AS first, last_offset::int AS last FROM sink_gaps WHERE topic = $1 ORDER BY partition',
      [lessons]
    )
  await eventually(async () => (await gaps()).length === 2, { what: 'both gaps are recorded' })
  expect(await gaps()).toEqual([
    { partition: 1, first: next, last: next + 5 },
    { partition: 2, first: allGone, last: allGone + 2 }
  ])
  expect((await ledgerOf(1)).at(-1)).toMatchObject({ last: next + 9, lost: 6, skipped: 0 })
  expect((await ledgerOf(2)).at(-1)).toMatchObject({ last: allGone + 2, lost: 3, skipped: 0 })
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  const after = await publishTo(2, 1)
  await stored(after)
  expect((await runCli(['doctor'], trail.env)).stdout).toContain(
    '9 offsets were removed from Kafka before they were read'
  )
})

test('what Kafka keeps of the group’s offsets is a hint: the trail’s own position counts', async () => {
  const { next } = (await positionOf(0)) as { next: number }
  const behindTheirBack = await publishTo(0, 5)
  await kafka.setOffsets({
    groupId: trail.group,
    topic: lessons,
    partitions: [{ partition: 0, offset: String(next + 5) }]
  })
  await using sink = await started()
  await sink.whenCaughtUp({ timeoutMs: 20_000 })
  await stored(behindTheirBack)
})

// Case 11b
test('a trail that was restored to an earlier hour is refilled, by a sink that runs and has nothing else to do', async () => {
  await using sink = await started()
  const tables = ['event_envelopes', 'sink_offsets', 'sink_ledger', 'sink_gaps', 'sink_duplicates']
  for (const table of tables) await trail.rows(`CREATE TABLE backup_${table} AS TABLE ${table}`)
  const since = [...(await publishTo(0, 7)), ...(await publishTo(1, 3))]
  await sink.whenCaughtUp()
  await trail.tamper(
    `TRUNCATE ${tables.join(', ')};
     ${tables.map(table => `INSERT INTO ${table} TABLE backup_${table}`).join('; ')}`
  )
  await stored(since)
  await sink.whenCaughtUp()
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect(await trail.count('sink_quarantine')).toBe(0)
})

test('a partition that is read may be reset too: what comes again is counted and not stored twice', async () => {
  await using sink = await started()
  await sink.whenCaughtUp()
  const rows = await trail.count('event_envelopes')
  const { next, incarnation } = (await positionOf(0)) as { next: number; incarnation: number }
  const start = (await trail.admin.ranges(lessons))[0]?.start ?? 0
  expect(await reset(0, 'earliest', '--reason', 'to be sure')).toMatchObject({ code: 2, stdout: '' })
  expect(await reset(0, 'earliest', '--reason', 'to be sure', '--force')).toMatchObject({ code: 0 })
  await eventually(async () => (await positionOf(0))?.next === next, { what: 'the partition was read again' })
  expect(await trail.count('event_envelopes')).toBe(rows)
  expect((await ledgerOf(0)).at(-1)).toMatchObject({
    incarnation: incarnation + 1,
    first: start,
    rows: 0,
    duplicates: next - start
  })
})

test('a reset that cannot be is refused, says why, and changes nothing', async () => {
  const before = await trail.rows('SELECT * FROM sink_offsets ORDER BY topic, partition')
  const resets = await trail.count('sink_resets')
  for (const [code, words, answer] of [
    [2, 'has no partition 9', await reset(9, 'earliest', '--reason', 'r')],
    [2, 'is outside of the log', await reset(0, '1000000', '--reason', 'r', '--force')],
    [2, 'earliest, latest or an offset', await reset(0, 'yesterday', '--reason', 'r')],
    [2, '--reason', await reset(0, 'earliest')],
    [2, '--reason', await reset(0, 'earliest', '--reason', ' ')],
    [2, 'is not halted', await reset(0, 'earliest', '--reason', 'r')],
    [2, 'has no topic', await reset(0, 'latest', '--reason', 'r', '--event', 'never.made')]
  ] as const) {
    expect([words, answer.code]).toEqual([words, code])
    expect(answer.stderr).toContain(words)
  }
  expect(await trail.rows('SELECT * FROM sink_offsets ORDER BY topic, partition')).toEqual(before)
  expect(await trail.count('sink_resets')).toBe(resets)
  expect([...(await trail.admin.topics()).keys()].filter(topic => topic.includes('never'))).toEqual([])
})

test('a reset is of the group that is named', async () => {
  const before = await positionOf(0)
  const other = await reset(0, '0', '--reason', 'r', '--group', 'other', '--force')
  expect(other.stdout).toBe(`${lessons}/0: was at no offset, resumes at 0 as incarnation 1\n`)
  expect(
    await trail.rows('SELECT next_offset::int AS next FROM sink_offsets WHERE consumer_group = $1', [
      `${trail.topicPrefix}other`
    ])
  ).toEqual([{ next: 0 }])
  expect(await positionOf(0)).toEqual(before)
})
