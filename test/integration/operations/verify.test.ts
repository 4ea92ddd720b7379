import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

interface Finding {
  readonly check: string
  readonly level: string
  readonly words: string
  readonly records?: number
  readonly firstOffset?: number
  readonly lastOffset?: number
}

type Trail = Awaited<ReturnType<typeof testTrail>>

async function verify(trail: Trail, ...args: string[]): Promise<{ code: number | null; found: Finding[] }> {
  const { code, stdout, stderr } = await runCli(['verify', '--json', ...args], trail.env)
  const found = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Finding)
  if (found.length === 0) throw new Error(stderr)
  return { code, found }
}

const losses = (trail: Trail) => trail.rows('SELECT what, partition, records::int FROM sink_losses ORDER BY 1, 2')

async function untilStored(trail: Trail): Promise<void> {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
}

/** A trail with 40 lessons, a duplicate, a record in quarantine and an event of the in-process bus. */
async function filled(): Promise<Trail> {
  const trail = await testTrail({ partitions: 2 })
  for (const name of ['lesson.published', 'badge.awarded']) await trail.offer(name)
  const lessons = await trail.publish(Array.from({ length: 40 }, () => lesson()))
  await trail.send([...lessons.slice(0, 1), { eventName: 'badge.awarded', value: Buffer.from('no envelope') }])
  await untilStored(trail)
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'badge.awarded', '{}', 1)`
  )
  return trail
}

test('of a trail that is whole nothing is missing, and what is no row is counted', async () => {
  const trail = await filled()
  const { code, found } = await verify(trail)
  expect(found.filter(({ level }) => level === 'wrong')).toEqual([])
  expect(code).toBe(0)
  expect(found).toContainEqual(expect.objectContaining({ check: 'rows', level: 'ok', records: 40 }))
  expect(found).toContainEqual(expect.objectContaining({ check: 'duplicates', records: 1 }))
  expect(found).toContainEqual(expect.objectContaining({ check: 'quarantine', level: 'notice', records: 1 }))
  expect(found).toContainEqual(expect.objectContaining({ check: 'kafka', level: 'ok' }))
  expect(found.at(-1)).toEqual({ check: 'result', level: 'ok', words: 'nothing that was read is missing' })
  expect(await losses(trail)).toEqual([])

  const told = await runCli(['verify', '--topic', `${trail.topicPrefix}lesson.published`], trail.env)
  expect(told.code).toBe(0)
  expect(told.stdout).toContain('ok      rows       40 rows, as the ledger has them')
  expect(told.stdout).not.toContain('quarantine held')
  expect(told.stderr).toContain('counting the rows of lesson.published, 1 of 1')
  const unknown = await runCli(['verify', '--topic', 'lesson.publishd'], trail.env)
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining(`${trail.topicPrefix}lesson.published`) })
  expect((await runCli(['verify', '--since', 'yesterday'], trail.env)).code).toBe(2)
})

test('rows that were deleted are missed by the view and found by their offsets; what the view for holes has no row for', async () => {
  const trail = await filled()
  const taken = await trail.tamper(
    `DELETE FROM event_envelopes WHERE event_name = 'lesson.published' AND kafka_partition = 0 AND kafka_offset IN (1, 2, 5)
     RETURNING kafka_offset`
  )
  expect(taken).toHaveLength(3)
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect(await losses(trail)).toEqual([
    { what: 'rows that the ledger has and the table has not', partition: 0, records: 3 }
  ])
  const { code, found } = await verify(trail)
  expect(code).toBe(1)
  expect(found.filter(({ level }) => level === 'wrong')).toEqual([
    {
      check: 'rows',
      level: 'wrong',
      topic: `${trail.topicPrefix}lesson.published`,
      partition: 0,
      words: `${trail.topicPrefix}lesson.published/0: 3 rows are missing that the ledger has, at offsets 1-2, 5`,
      records: 3,
      firstOffset: 1,
      lastOffset: 5
    },
    expect.objectContaining({ check: 'result', level: 'wrong' })
  ])
  const hour = new Date(Date.now() + 3_600_000).toISOString()
  expect((await verify(trail, '--since', hour)).code).toBe(0)
  expect((await verify(trail, '--since', new Date(Date.now() - 3_600_000).toISOString())).code).toBe(1)
  expect((await verify(trail, '--topic', `${trail.topicPrefix}badge.awarded`)).code).toBe(0)
})

test('a row that was replaced by another is missed anyway', async () => {
  const trail = await filled()
  await trail.tamper(
    `DELETE FROM event_envelopes WHERE event_name = 'lesson.published' AND kafka_partition = 1 AND kafka_offset = 0`
  )
  // As many as before, so that no count alone shows it.
  await trail.rows(
    `INSERT INTO event_envelopes SELECT gen_random_uuid(), aggregate_id, occurred_at, event_name, payload, schema_version,
       kafka_partition, 4711, recorded_at - interval '2 hours' FROM event_envelopes WHERE event_name = 'lesson.published' AND kafka_partition = 1 LIMIT 1`
  )
  const { code, found } = await verify(trail)
  expect(code).toBe(1)
  expect(found).toContainEqual(expect.objectContaining({ check: 'rows', level: 'wrong', firstOffset: 0 }))
})

test('books that do not agree with each other are named', async () => {
  const trail = await filled()
  await trail.rows('DELETE FROM sink_duplicates')
  await trail.rows('DELETE FROM sink_quarantine')
  await trail.rows(
    "UPDATE sink_offsets SET next_offset = next_offset + 1 WHERE topic LIKE '%lesson.published' AND partition = 0"
  )
  const { code, found } = await verify(trail)
  expect(code).toBe(1)
  const words = found.filter(({ level }) => level === 'wrong').map(each => each.words)
  for (const what of [
    '1 duplicates that are counted and not listed',
    '1 quarantined records that are counted and not kept',
    'the position is not where the ledger ends',
    "ends 1 offset before the trail's position"
  ])
    expect(
      words.some(each => each.includes(what)),
      what
    ).toBe(true)
})

test('a record that was stored out of quarantine is a row like any other', async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.makeTopic('badge.awarded')
  const topic = `${trail.topicPrefix}badge.awarded`
  const good = await trail.encode(badge())
  const value = Buffer.from(good.value ?? '')
  // The registry does not know this number yet, as far as the sink can see.
  const id = value.readInt32BE(1)
  value.writeInt32BE(2_000_000_000, 1)
  await trail.send([{ ...good, value }, await trail.encode(badge())])
  await untilStored(trail)
  value.writeInt32BE(id, 1)
  await trail.rows("UPDATE sink_quarantine SET value = $1 WHERE status = 'held'", [value])
  const retried = await runCli(['quarantine', 'retry', '--topic', topic, '--reason', 'n'], trail.env)
  expect(retried).toMatchObject({ code: 0 })
  expect(await trail.count('event_envelopes')).toBe(2)
  expect(await losses(trail)).toEqual([])
  expect((await verify(trail)).code).toBe(0)
  await trail.tamper('DELETE FROM event_envelopes WHERE id = $1', [good.id])
  expect((await verify(trail)).code).toBe(1)
  // The hour in which it was stored need not be one in which the sink wrote anything.
  await trail.rows("UPDATE sink_quarantine SET resolved_at = resolved_at - interval '2 hours' WHERE status = 'stored'")
  expect((await verify(trail)).code).toBe(1)
})

test('events that retention removed unread are missed before the sink notices and after, until an operator accepts the gap', {
  timeout: 180_000
}, async () => {
  const trail = await filled()
  const topic = `${trail.topicPrefix}lesson.published`
  await trail.send(
    await Promise.all(Array.from({ length: 7 }, async () => ({ ...(await trail.encode(lesson())), partition: 0 })))
  )
  const [range] = await trail.admin.ranges(topic)
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String((range?.end ?? 0) - 2) }] })
  await admin.disconnect()

  const before = await verify(trail)
  expect(before.code).toBe(1)
  expect(before.found).toContainEqual(
    expect.objectContaining({
      check: 'kafka',
      level: 'wrong',
      records: 5,
      words: expect.stringContaining('Kafka removed 5 offsets unread')
    })
  )
  const doctor = async () => {
    const { code, stdout } = await runCli(['doctor', '--json'], trail.env)
    return {
      code,
      found: stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Finding)
    }
  }
  const unread = await doctor()
  expect(unread.code).toBe(1)
  expect(unread.found).toContainEqual(
    expect.objectContaining({ check: 'retention', level: 'wrong', words: expect.stringContaining('5 offsets') })
  )
  expect(unread.found).toContainEqual(
    expect.objectContaining({
      check: 'lag',
      level: 'wrong',
      words: expect.stringMatching(/2 offsets .*lesson\.published \(2\).*No sink .*runs/)
    })
  )

  await untilStored(trail)
  const after = await verify(trail)
  expect(after.code).toBe(1)
  expect(after.found).toContainEqual(expect.objectContaining({ check: 'gaps', level: 'wrong', records: 5 }))
  expect(await losses(trail)).toEqual([{ what: 'removed from Kafka before they were read', partition: 0, records: 5 }])
  expect((await doctor()).found).toContainEqual(expect.objectContaining({ check: 'gaps', level: 'wrong' }))

  const accept = ['sink', 'accept-gap', '--event', 'lesson.published', '--partition', '0', '--reason']
  const elsewhere = await runCli([...accept, 'r', '--offset', '3'], trail.env)
  expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('has no gap that begins at 3') })
  const accepted = await runCli([...accept, 'retention of the test, change 4711'], trail.env)
  expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('1 gap accepted, 5 offsets') })
  expect((await runCli([...accept, 'again'], trail.env)).code).toBe(2)
  expect(
    await trail.rows('SELECT acceptance, accepted_by = session_user AS ours, accepted_at <= now() AS at FROM sink_gaps')
  ).toEqual([{ acceptance: 'retention of the test, change 4711', ours: true, at: true }])
  const known = await verify(trail)
  expect(known.code).toBe(0)
  expect(known.found).toContainEqual(expect.objectContaining({ check: 'gaps', level: 'notice', records: 5 }))
  expect(await losses(trail)).toEqual([])
  const calm = await doctor()
  expect(calm.found).toContainEqual(
    expect.objectContaining({ check: 'gaps', level: 'ok', words: expect.stringContaining('5 offsets') })
  )
})

test('a month that was dropped is no loss, and its rows are counted', async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('lesson.published')
  expect((await runCli(['migrate', '--from-month', '2024-01'], trail.env)).code).toBe(0)
  // Ids of January 2024, and of now.
  const old = Array.from({ length: 3 }, () => ({
    ...lesson(),
    id: `018cc8${randomUUID().slice(6, 14)}7${randomUUID().slice(15)}`
  }))
  await trail.publish([...old, lesson(), lesson()])
  await untilStored(trail)
  expect(await trail.count('event_envelopes_2024_01')).toBe(3)
  await expect(trail.rows("SELECT sink_drop_month('2023-01', 'r')")).rejects.toThrow('no partition of the month')
  await expect(trail.rows("SELECT sink_drop_month('2024-01', '')")).rejects.toThrow('reason')
  const [dropped] = await trail.rows("SELECT sink_drop_month('2024-01', 'two years, as agreed')::int AS rows")
  expect(dropped).toEqual({ rows: 3 })
  expect(await trail.count('event_envelopes')).toBe(2)
  expect(await losses(trail)).toEqual([])
  const { code, found } = await verify(trail)
  expect(code).toBe(0)
  expect(found).toContainEqual(expect.objectContaining({ check: 'rows', level: 'notice', records: 3 }))

  // By hand, as it was done before there was a function for it.
  const then = "'2024-02-10T10:00:00Z'"
  await trail.tamper(`UPDATE sink_ledger SET hour = ${then}`)
  await trail.rows(`UPDATE sink_removals SET hour = ${then}`)
  await trail.tamper('DELETE FROM event_envelopes')
  await trail.rows('DROP TABLE event_envelopes_2024_02')
  for (let month = 3; month <= 12; month += 1)
    await trail.rows(`DROP TABLE event_envelopes_2024_${String(month).padStart(2, '0')}`)
  const byHand = await verify(trail)
  expect(byHand.found).toContainEqual(
    expect.objectContaining({
      check: 'rows',
      level: 'notice',
      records: 2,
      words: expect.stringContaining('the first month that the trail has')
    })
  )
  expect(byHand.code).toBe(0)
})
