import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { controlTopics } from '../../../../control/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'
import type { Envelope } from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { cli, runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 2 })
for (const name of ['badge.awarded', 'quiz.submitted', 'lesson.published']) await trail.offer(name)
await trail.admin.createTopics(controlTopics(trail.topicPrefix, 1))
const since = new Date().toISOString()
const students = Array.from({ length: 10 }, () => crypto.randomUUID())

// Roles belong to the whole server, which other tests use at the same time.
const role = `r${randomBytes(4).toString('hex')}`
/** Every replay runs with the rights of an operator alone. */
const operatorUrl = new URL(trail.databaseUrl)
operatorUrl.username = `${role}_login`
operatorUrl.password = 'pw'
const env = { ...trail.env, DATABASE_URL: operatorUrl.href }

beforeAll(async () => {
  expect(await runCli(['migrate', '--roles', role], trail.env)).toMatchObject({ code: 0 })
  await trail.rows(`CREATE ROLE ${role}_login LOGIN PASSWORD 'pw'; GRANT ${role}_operator TO ${role}_login`)
})

afterAll(async () => {
  await trail.rows(`DROP ROLE ${role}_login`)
  for (const each of ['writer', 'operator', 'reader'])
    await trail.rows(`DROP OWNED BY ${role}_${each}; DROP ROLE ${role}_${each}`)
})

interface Had {
  readonly envelope: Envelope
  readonly place: string
  /** The action that it was replayed by, where it comes from the trail. */
  readonly replay: string | undefined
  readonly actor: string | undefined
}

async function started(group: string, isOpen: () => Promise<void> = async () => undefined) {
  const had: Had[] = []
  const member = createConsumerGroup<Events>({
    ...{ connection: trail.connection, catalogue, topicPrefix: trail.topicPrefix, group },
    ...{ sessionTimeoutMs: 6_000, commitIntervalMs: 100, topicRefreshMs: 300 },
    handlers: Object.fromEntries(
      ['badge.awarded', 'quiz.submitted', 'lesson.published'].map(name => [
        name,
        async (envelope: Envelope, context: Parameters<typeof placeOf>[0]) => {
          await isOpen()
          had.push({
            envelope,
            place: placeOf(context),
            replay: context.headers['replay-action'],
            actor: context.headers.actor
          })
        }
      ])
    )
  })
  onTestFinished(() => member.close())
  await member.start()
  await member.whenCaughtUp()
  return { member, had }
}

const placeOf = (context: {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly headers: Readonly<Record<string, string>>
}): string => `${context.topic}/${context.partition}@${context.offset}`

/** Removes what a partition has before an offset, as retention does. */
async function removeBefore(topic: string, partition: number, offset: number): Promise<void> {
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  try {
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
  } finally {
    await admin.disconnect()
  }
}

const offsetsOf = (had: readonly Had[]) =>
  Map.groupBy(had, ({ envelope, place }) => `${envelope.aggregate_id} ${place.replace(/@.*/, '')}`)
    .values()
    .map(each => each.map(({ place }) => Number(place.replace(/.*@/, ''))))
const replay = (...args: string[]) => runCli(['groups', 'replay', '--group', ...args], env)

test('what Kafka no longer has comes from the trail and the rest from Kafka, each once and in order, also when it is killed', {
  timeout: 240_000
}, async () => {
  const events = Array.from({ length: 120 }, (_, n) => ({
    ...(n % 3 === 0 ? badge(`Badge ${n}`) : n % 3 === 1 ? quiz(n / 7) : lesson(`Lesson ${n}`, 1 + (n % 2))),
    aggregateId: students[n % students.length] as string,
    headers: { actor: `student-${n % students.length}` }
  }))
  const published = await trail.publish(events)
  const gate = { open: Promise.resolve() }
  const { member, had } = await started('replayed', () => gate.open)
  expect(had).toHaveLength(120)
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const first = had.splice(0)

  // Retention has passed over most of one topic, a part of another one, and nothing of the third.
  const removed = new Map<string, number>()
  for (const [name, keep] of [
    ['badge.awarded', 2],
    ['quiz.submitted', 12]
  ] as const)
    for (const { partition, end } of await trail.admin.ranges(trail.topicPrefix + name)) {
      const before = Math.max(0, end - keep)
      await removeBefore(trail.topicPrefix + name, partition, before)
      removed.set(`${trail.topicPrefix}${name}/${partition}`, before)
    }
  const isRemoved = ({ place }: Had) => Number(place.replace(/.*@/, '')) < (removed.get(place.replace(/@.*/, '')) ?? 0)
  // A person has asked to be forgotten.
  const erased = first.find(isRemoved)
  await trail.rows("SELECT sink_remove_rows(ARRAY[$1::uuid], 'a request')", [erased?.envelope.id])

  const dry = await replay('replayed', '--from', since, '--dry-run', '--json')
  expect({ code: dry.code, stderr: dry.stderr }).toEqual({ code: 0, stderr: '' })
  const { plan } = JSON.parse(dry.stdout) as { plan: { steps: { events: number; again: number; topic: string }[] } }
  const sum = (of: 'events' | 'again') => plan.steps.reduce((total, step) => total + step[of], 0)
  expect(sum('events')).toBeGreaterThanOrEqual(first.filter(isRemoved).length - 1)
  expect(sum('events') + sum('again')).toBe(119)
  expect(plan.steps.filter(({ topic }) => topic.endsWith('lesson.published')).map(each => each.events)).toEqual([0, 0])
  expect(had).toEqual([])

  // The first run is killed half-way.
  const args = ['groups', 'replay', '--group', 'replayed', '--from', since, '--reason', 'handler fixed', '--rate', '10']
  const child: ChildProcess = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env } })
  const exited = once(child, 'exit')
  await eventually(() => had.length >= 15, { what: 'some have come', timeoutMs: 60_000 })
  child.kill('SIGKILL')
  await exited
  const log = () => trail.rows("SELECT id, status, result FROM operator_log WHERE operation = 'groups replay'")
  await eventually(async () => (await log())[0]?.status === 'interrupted', { what: 'the action is interrupted' })
  expect(await replay('replayed', '--from', since, '--reason', 'again')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('`eventtrail groups replay --continue` finishes it')
  })
  const again = await replay('replayed', '--continue', '--json')
  expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(again.stdout)).toMatchObject({ unreadable: 0, removed: 0, waiting: [] })
  await eventually(() => had.length >= 119, { what: 'all have come', timeoutMs: 60_000 })
  await member.whenCaughtUp()

  const [{ id } = {}] = await log()
  expect(await log()).toMatchObject([{ status: 'done' }])
  const before = new Map(first.map(each => [each.envelope.id, each]))
  expect(had.map(({ envelope }) => envelope.id).toSorted()).toEqual(
    published
      .map(event => event.id)
      .filter(each => each !== erased?.envelope.id)
      .toSorted()
  )
  for (const each of had) {
    expect(each.envelope).toEqual(before.get(each.envelope.id)?.envelope)
    expect(each.place).toBe(before.get(each.envelope.id)?.place)
    expect(each.actor).toMatch(/^student-\d$/)
    expect(each.actor).toBe(before.get(each.envelope.id)?.actor)
    if (isRemoved(each)) expect(each.replay).toBe(String(id))
  }
  expect(had.filter(({ replay }) => replay !== undefined)).toHaveLength(sum('events'))
  for (const offsets of offsetsOf(had)) expect(offsets).toEqual(offsets.toSorted((one, other) => one - other))
})

test('with nothing lost it is a rewind; without members it waits for one; a log that was replaced is refused', {
  timeout: 180_000
}, async () => {
  const { member, had } = await started('whole')
  // Kafka has no longer what the first test has removed.
  const before = had.length
  const lessons = await replay('whole', '--from', since, '--topic', 'lesson.published', '--reason', 'r', '--json')
  expect(lessons.code).toBe(0)
  expect(JSON.parse(lessons.stdout)).toMatchObject({ events: 0, waiting: [] })
  await eventually(() => had.length === before + 40, { what: 'the lessons have come again' })
  await member.drain()
  const deserted = await replay('whole', '--from', since, '--reason', 'r')
  expect(deserted).toMatchObject({ code: 3, stderr: expect.stringContaining('has not handled them yet') })
  const { had: rest, member: next } = await started('whole')
  await eventually(() => rest.length > 0 && next.stats().running === 0, { what: 'those of the trail have come' })
  expect((await replay('whole', '--continue')).code).toBe(0)
  await eventually(() => new Set(rest.map(({ envelope }) => envelope.id)).size === 119, { what: 'all have come' })
  expect(await replay('whole', '--continue')).toMatchObject({ code: 2, stderr: expect.stringContaining('No replay') })

  await trail.tamper("UPDATE sink_offsets SET incarnation = 2 WHERE topic LIKE '%badge.awarded'")
  expect(await replay('whole', '--from', since, '--dry-run')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/The log of \S+badge.awarded\/\d was replaced/)
  })
})

test('where retention passes the place that Kafka takes over at, the group is not rewound; another replay has what is missing', {
  timeout: 120_000
}, async () => {
  const topic = `${trail.topicPrefix}quiz.submitted`
  const gate = Promise.withResolvers<void>()
  let isOpen = true
  const { had, member } = await started('overtaken', () => (isOpen ? Promise.resolve() : gate.promise))
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  isOpen = false
  const of = ['overtaken', '--from', since, '--topic', 'quiz.submitted', '--reason', 'r', '--json']
  const overtaken = replay(...of)
  await eventually(() => member.stats().running > 0, { what: 'the first ones have come' })
  const later = await trail.publish(students.map(aggregateId => ({ ...quiz(1), aggregateId })))
  await sink.whenCaughtUp()
  for (const { partition, end } of await trail.admin.ranges(topic)) await removeBefore(topic, partition, end)
  isOpen = true
  gate.resolve()
  expect(await overtaken).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Retention has removed events of \S+quiz.submitted\/\d from \d+ on/)
  })
  expect(
    await trail.rows(
      "SELECT status, result FROM operator_log WHERE operation = 'groups replay' ORDER BY id DESC LIMIT 1"
    )
  ).toEqual([{ status: 'failed', result: { code: 'REPLAY_OVERTAKEN' } }])

  await member.whenCaughtUp()
  had.length = 0
  const whole = await replay(...of)
  expect({ code: whole.code, stderr: whole.stderr }).toEqual({ code: 0, stderr: '' })
  const quizzes = await trail.count("event_envelopes WHERE event_name = 'quiz.submitted'")
  expect(JSON.parse(whole.stdout)).toMatchObject({ events: quizzes, unreadable: 0, removed: 0, waiting: [] })
  await eventually(() => had.length === quizzes, { what: 'all have come' })
  expect(had.map(({ envelope }) => envelope.id)).toEqual(expect.arrayContaining(later.map(({ id }) => id)))
})

test('events that no schema of the trail fits are counted and do not come; the others do', {
  timeout: 120_000
}, async () => {
  const topic = `${trail.topicPrefix}lesson.published`
  const { had } = await started('unreadable')
  for (const { partition, end } of await trail.admin.ranges(topic)) await removeBefore(topic, partition, end)
  await trail.tamper('DELETE FROM sink_schemas WHERE subject = $1 AND version = 1', [`${topic}-value`])
  const written = (version: number) =>
    trail.count(`event_envelopes WHERE event_name = 'lesson.published' AND schema_version = ${version}`)
  const [unreadable, events] = [await written(1), await written(2)]
  expect(Math.min(unreadable, events)).toBeGreaterThan(0)
  had.length = 0
  const of = ['unreadable', '--from', since, '--topic', 'lesson.published', '--reason', 'r']
  const replayed = await replay(...of)
  expect(replayed).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(
      `${unreadable} cannot be written with a schema that the trail has, and did not come`
    )
  })
  await eventually(() => had.length === events, { what: 'the others have come' })
})
