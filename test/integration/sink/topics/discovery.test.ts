import { expect, test } from 'vitest'
import { createLogger } from '../../../../cli/log.ts'
import { createSink, type Sink } from '../../../../sink/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../../support/trail.ts'

const trail = await testTrail()
await trail.offer('lesson.published')

const stored = (id: string) => async () =>
  (await trail.rows('SELECT kafka_offset FROM event_envelopes WHERE id = $1', [id]))[0]

async function twoSinks(): Promise<[Sink, Sink]> {
  const sinks: [Sink, Sink] = [createSink(trail.sinkOptions), createSink(trail.sinkOptions)]
  await Promise.all(sinks.map(sink => sink.start()))
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 2, { what: 'both sinks joined' })
  return sinks
}

// Case 11
test('what appears while two sinks run is stored from its first event, and what vanishes stops nothing else', async () => {
  const [one, two] = await twoSinks()
  await using _one = one
  await using _two = two
  const [before] = await trail.publish([lesson('before')])
  await eventually(stored(before?.id ?? ''), { what: 'the first lesson is stored' })

  // A subject without a topic yet does not disturb the others.
  for (const event of [quiz(), badge()]) await trail.encode(event)
  const [meanwhile] = await trail.publish([lesson('meanwhile')])
  await eventually(stored(meanwhile?.id ?? ''), { what: 'a lesson is stored while a subject has no topic' })

  // Its topic is made, and events go to every partition at once.
  await trail.makeTopic('quiz.submitted', 6)
  const quizzes = await Promise.all(Array.from({ length: 60 }, (_, i) => trail.encode(quiz(i))))
  await trail.send(quizzes.map((record, i) => ({ ...record, partition: i % 6 })))
  await eventually(
    async () =>
      (await trail.rows("SELECT DISTINCT kafka_partition FROM event_envelopes WHERE event_name = 'quiz.submitted'"))
        .length === 6,
    {
      what: 'every partition of the new topic has an owner',
      timeoutMs: 10_000
    }
  )
  await eventually(
    async () =>
      Number(
        (await trail.rows("SELECT count(*) AS n FROM event_envelopes WHERE event_name = 'quiz.submitted'"))[0]?.n
      ) === 60,
    {
      what: 'all quizzes are stored, the first ones too'
    }
  )

  // Partitions are added while events are published.
  await trail.admin.addPartitions(`${trail.topicPrefix}quiz.submitted`, 8)
  const added = await trail.encode(quiz(99))
  await eventually(async () => trail.send([{ ...added, partition: 7 }]).then(() => true), {
    what: 'the new partition takes events'
  })
  await eventually(stored(added.id), { what: 'the first event of an added partition is stored' })

  // A topic vanishes: the others are read on.
  await trail.makeTopic('badge.awarded')
  const [awarded] = await trail.publish([badge('soon gone')])
  await eventually(stored(awarded?.id ?? ''), { what: 'the badge is stored' })
  await trail.admin.deleteTopics([`${trail.topicPrefix}badge.awarded`])
  const after = await trail.publish(Array.from({ length: 30 }, (_, i) => (i % 2 ? lesson('after') : quiz(i))))
  for (const { id } of after)
    await eventually(stored(id), { what: 'events of the other topics are stored after one vanished' })
  expect([one.state, two.state]).toEqual(['running', 'running'])
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})

test('named events without a topic or a subject are reported once, and waited for', async () => {
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
  const told = () =>
    lines
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => /not in the registry yet|no topic in Kafka yet/.test(String(msg)))
  const named = await testTrail()
  await named.offer('lesson.published')
  const eventNames = ['lesson.published', 'badge.awarded']
  {
    await using sink = createSink({ ...named.sinkOptions, eventNames, log })
    await sink.start()
    await eventually(() => told().length > 1, { what: 'it tells what it waits for' })
    await named.offer('badge.awarded')
    const [awarded] = await named.publish([badge('at last')])
    await eventually(
      async () => (await named.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [awarded?.id])).length === 1,
      { what: 'the badge is stored' }
    )
  }
  expect(told()).toHaveLength(2)
  expect(told()).toContainEqual(expect.objectContaining({ level: 40, events: ['badge.awarded'] }))
  expect(told()).toContainEqual(expect.objectContaining({ level: 40, topics: [`${named.topicPrefix}badge.awarded`] }))
})
