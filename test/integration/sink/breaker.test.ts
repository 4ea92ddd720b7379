import { expect, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { createSink, type SinkOptions } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { type Acknowledged, violations } from '../../support/trail/journal.ts'
import { badge, lesson, quiz, type RawRecord, type TestEvent, testTrail } from '../../support/trail.ts'

const partitions = 3
const trail = await testTrail({ partitions })
for (const eventName of ['lesson.published', 'quiz.submitted', 'badge.awarded']) await trail.offer(eventName)
const lessons = `${trail.topicPrefix}lesson.published`
const quizzes = `${trail.topicPrefix}quiz.submitted`
const badges = `${trail.topicPrefix}badge.awarded`
const acknowledged: Acknowledged[] = []

const poison = (eventName: string, partition?: number): RawRecord => ({
  eventName,
  value: Buffer.from('no event'),
  ...(partition !== undefined && { partition })
})
const poisons = (eventName: string, count: number) =>
  Array.from({ length: count }, (_, i) => poison(eventName, i % partitions))

async function goods(count: number, make: () => TestEvent): Promise<RawRecord[]> {
  const events = Array.from({ length: count }, () => make())
  const encoded = await Promise.all(events.map(event => trail.encode(event)))
  for (const [i, { id, eventName, key }] of encoded.entries())
    acknowledged.push({ id, eventName, payload: events[i]?.payload, aggregateId: String(key) })
  return encoded.map((record, i) => ({ ...record, partition: i % partitions }))
}

async function started(options: Partial<SinkOptions>) {
  const sink = createSink({ ...trail.sinkOptions, ...options })
  await sink.start()
  return sink
}

/** A log of errors, and those of its lines that say that something was halted. */
function errorLog() {
  const lines: string[] = []
  const parsed = () => lines.map(line => JSON.parse(line) as { readonly msg: string })
  return {
    log: createLogger({ level: 'error', destination: { write: line => lines.push(line) } }),
    stops: () => parsed().filter(({ msg }) => msg.includes(' halted: '))
  }
}

const haltsOf = async (topic: string, group = trail.group) =>
  (
    await trail.rows('SELECT halted FROM sink_offsets WHERE consumer_group = $1 AND topic = $2 ORDER BY partition', [
      group,
      topic
    ])
  ).map(({ halted }) => halted)
const all = (halted: string | null) => Array.from({ length: partitions }, () => halted)
const halted = (topic: string) =>
  eventually(async () => String(await haltsOf(topic)) === String(all('TOO_MANY_BAD')), {
    what: `${topic} is halted`
  })
const held = async (topic: string) =>
  Number((await trail.rows('SELECT count(*)::int AS n FROM sink_quarantine WHERE topic = $1', [topic]))[0]?.n)
const storedOf = async (eventName: string) =>
  Number((await trail.rows('SELECT count(*)::int AS n FROM event_envelopes WHERE event_name = $1', [eventName]))[0]?.n)
/** What the trail has passed of a topic, by its positions and by its ledger: the logs start at 0. */
const passed = async (topic: string) =>
  (
    await trail.rows(
      `SELECT (SELECT sum(next_offset)::int FROM sink_offsets WHERE topic = $1) AS positions,
         sum(rows + duplicates + quarantined)::int AS booked, sum(quarantined)::int AS quarantined, sum(skipped + lost)::int AS others
       FROM sink_ledger WHERE topic = $1`,
      [topic]
    )
  )[0]
const resume = (eventName: string, ...more: string[]) =>
  runCli(['sink', 'resume', '--event', eventName, '--reason', 'a test', ...more], trail.env)

// Case 25
test('a topic of which all is poison stops alone, continues when it is resumed, and all is accounted for', async () => {
  const good = await goods(600, quiz)
  await trail.send([...poisons('lesson.published', 900), ...good.slice(0, 300)])
  {
    await using sink = await started({ breakerRecords: 100, batch: { maxRecords: 50 } })
    await halted(lessons)
    // The other topic is read on.
    await trail.send(good.slice(300))
    await eventually(async () => (await storedOf('quiz.submitted')) === good.length, { what: 'the quizzes are stored' })
    expect(await haltsOf(quizzes)).toEqual(all(null))
    const first = await held(lessons)
    expect(first).toBeGreaterThanOrEqual(100)
    expect(await passed(lessons)).toEqual({ positions: first, booked: first, quarantined: first, others: 0 })
    const doctor = await runCli(['doctor'], trail.env)
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toContain(
      `${lessons}/0, 1, 2 of group ${trail.group}: TOO_MANY_BAD, more than half of its latest records were bad.`
    )
    expect(doctor.stdout).toContain("`eventtrail sink resume --event lesson.published --reason 'WHY'`")

    // What comes meanwhile waits in Kafka.
    await trail.send(poisons('lesson.published', 300))
    await expect(sink.whenCaughtUp({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
    expect(await held(lessons)).toBe(first)

    // The sink continues by itself, counts from 0, and trips a second time.
    expect(await resume('lesson.published')).toMatchObject({ code: 0, stdout: `${lessons}: 3 partitions go on\n` })
    await halted(lessons)
    const second = await held(lessons)
    expect(second).toBeGreaterThanOrEqual(first + 100)
    expect(await passed(lessons)).toEqual({ positions: second, booked: second, quarantined: second, others: 0 })
  }
  await trail.send(await goods(300, lesson))
  expect(await resume('lesson.published')).toMatchObject({ code: 0 })
  await using sink = await started({ breakerRecords: 0 })
  await sink.whenCaughtUp()
  expect(await held(lessons)).toBe(1_200)
  expect(await violations(trail, acknowledged)).toEqual([])
  expect(await trail.rows('SELECT DISTINCT incarnation FROM sink_offsets')).toEqual([{ incarnation: 1 }])
  expect((await runCli(['doctor'], trail.env)).stdout).not.toContain('TOO_MANY_BAD')
})

test('a topic of which 40 % is bad is read', async () => {
  const before = await held(quizzes)
  const good = await goods(360, quiz)
  const bad = poisons('quiz.submitted', 240)
  // Of five records in a row of a partition, two are bad.
  const mixed = Array.from({ length: 600 }, (_, i) => {
    const record = (Math.floor(i / partitions) % 5 < 2 ? bad : good).shift()
    return { ...(record as RawRecord), partition: i % partitions }
  })
  await using sink = await started({ breakerRecords: 50 })
  await trail.send(mixed)
  await sink.whenCaughtUp()
  expect(await held(quizzes)).toBe(before + 240)
  expect(await haltsOf(quizzes)).toEqual(all(null))
  expect(await violations(trail, acknowledged)).toEqual([])
})

test('when one sink of a group trips, the others stop the topic too, and continue when it is resumed', async () => {
  const [ofFirst, ofSecond] = [errorLog(), errorLog()]
  // Only the first one counts.
  await using first = await started({ breakerRecords: 100, log: ofFirst.log })
  await using second = await started({ breakerRecords: 0, log: ofSecond.log })
  await eventually(
    async () => {
      await trail.send(await goods(partitions, badge))
      return first.stats().rows > 0 && second.stats().rows > 0
    },
    { what: 'both sinks store badges' }
  )
  await Promise.all([first.whenCaughtUp(), second.whenCaughtUp()])
  await trail.send(poisons('badge.awarded', 900))
  await halted(badges)
  await eventually(async () => ofSecond.stops().length > 0, { what: 'the second sink has noticed' })
  const stop = { level: 50, topic: badges, reason: 'TOO_MANY_BAD' }
  expect(ofFirst.stops()).toEqual([expect.objectContaining({ ...stop, msg: expect.stringMatching(/^topic halted: /) })])
  for (const line of ofSecond.stops())
    expect(line).toMatchObject({ ...stop, msg: expect.stringMatching(/^partition halted: /) })
  const before = await passed(badges)
  const waiting = await goods(30, badge)
  const others = await goods(30, quiz)
  await trail.send([...waiting, ...others])
  await expect(first.whenCaughtUp({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(await passed(badges)).toEqual(before)

  await first.drain()
  expect(await resume('badge.awarded')).toMatchObject({ code: 0, stdout: `${badges}: 3 partitions go on\n` })
  await second.whenCaughtUp()
  expect(await violations(trail, acknowledged)).toEqual([])
})

test('a sink that finds a halted partition logs the position of the trail', async () => {
  await trail.send([...poisons('badge.awarded', 900)])
  {
    await using _ = await started({ breakerRecords: 100 })
    await halted(badges)
  }
  const seen = errorLog()
  await using _ = await started({ breakerRecords: 100, log: seen.log })
  await eventually(() => seen.stops().length === partitions, { what: 'it finds all of them halted' })
  const stored = await trail.rows(
    'SELECT partition, next_offset::int AS "nextOffset" FROM sink_offsets WHERE topic = $1 ORDER BY partition',
    [badges]
  )
  const logged = seen.stops() as unknown as { readonly partition: number; readonly nextOffset: number }[]
  expect(
    logged.map(({ partition, nextOffset }) => ({ partition, nextOffset })).toSorted((a, b) => a.partition - b.partition)
  ).toEqual(stored)
  expect(logged.every(({ nextOffset }) => nextOffset > 0)).toBe(true)
  expect(await resume('badge.awarded')).toMatchObject({ code: 0 })
})

test('resume is for topics that the breaker halted, and for nothing else', async () => {
  const halt = (partition: number, reason: string) =>
    trail.rows('UPDATE sink_offsets SET halted = $1 WHERE topic = $2 AND partition = $3', [reason, quizzes, partition])
  const flows = await resume('quiz.submitted')
  expect(flows).toMatchObject({ code: 2, stdout: '' })
  expect(flows.stderr).toContain(`No partition of ${quizzes} is halted for TOO_MANY_BAD`)
  expect((await resume('quiz.begun')).stderr).toContain('check --event, --prefix and --group')
  expect((await resume('quiz.submitted', '--group', 'other')).stderr).toContain(
    `No sink of group ${trail.topicPrefix}other`
  )

  await halt(1, 'LOG_REPLACED')
  const other = await resume('quiz.submitted')
  expect(other.code).toBe(2)
  expect(other.stderr).toContain(`${quizzes}/1 is halted for LOG_REPLACED: that is for \`eventtrail sink reset\``)

  await halt(0, 'TOO_MANY_BAD')
  await halt(2, 'TOO_MANY_BAD')
  const reset = [
    'sink',
    'reset',
    '--event',
    'quiz.submitted',
    '--partition',
    '2',
    '--to',
    'latest',
    '--reason',
    'given up'
  ]
  expect(await runCli(reset, trail.env)).toMatchObject({ code: 0 })
  expect(await trail.rows('SELECT partition, halted FROM sink_resets')).toEqual([
    { partition: 2, halted: 'TOO_MANY_BAD' }
  ])
  expect(await resume('quiz.submitted')).toMatchObject({ code: 0, stdout: `${quizzes}: 1 partition goes on\n` })
  expect(await haltsOf(quizzes)).toEqual([null, 'LOG_REPLACED', null])
})

test('doctor names the group of what is halted, and gives commands that work as they are', async () => {
  // `sink_offsets` still has quizzes/1 from above, halted in the default group.
  const other = `${trail.topicPrefix}other`
  {
    await using _ = await started({
      group: 'other',
      eventNames: ['badge.awarded'],
      breakerRecords: 100,
      batch: { maxRecords: 50 }
    })
    await eventually(async () => String(await haltsOf(badges, other)) === String(all('TOO_MANY_BAD')), {
      what: 'the second group is halted'
    })
  }
  const advised = async (prefix = trail.topicPrefix) => {
    const { stdout } = await runCli(['doctor', '--json'], { ...trail.env, TOPIC_PREFIX: prefix })
    return stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { readonly check: string; readonly words: string })
      .filter(({ check }) => check === 'halted')
      .map(({ words }) => ({
        group: /of group (\S+):/.exec(words)?.[1],
        calls: [...words.matchAll(/`eventtrail ([^`]+)`/g)].map(([, call = '']) => call)
      }))
  }
  const [first, ...more] = await advised()
  const ofBadges = {
    group: other,
    calls: [`quarantine list --topic ${badges}`, "sink resume --event badge.awarded --reason 'WHY' --group other"]
  }
  const reset = "sink reset --event quiz.submitted --partition 1 --to earliest --reason 'WHY'"
  expect([first, ...more]).toEqual([ofBadges, { group: trail.group, calls: [reset] }])

  // Read by a doctor with another prefix, they are right anyway.
  const run = (call = '', prefix = trail.topicPrefix) =>
    runCli(
      call.split(' ').map(word => word.replaceAll("'", '')),
      { ...trail.env, TOPIC_PREFIX: prefix }
    )
  for (const call of first?.calls ?? []) expect([call, (await run(call)).code]).toEqual([call, 0])
  expect(await haltsOf(badges, other)).toEqual(all(null))
  const [elsewhere] = await advised('elsewhere.')
  expect(elsewhere?.calls).toHaveLength(1)
  expect(await run(elsewhere?.calls[0], 'elsewhere.')).toMatchObject({ code: 0 })
  expect(await haltsOf(quizzes)).toEqual(all(null))
})
