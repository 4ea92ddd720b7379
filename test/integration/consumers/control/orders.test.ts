import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { ConsumerGroup } from '../../../../consumers/index.ts'
import {
  controlTopicOf,
  controlTopics,
  type DesiredState,
  desiredKeyOf,
  encodeDesired,
  nothingDesired,
  parseIdentity,
  parseReport,
  reportsTopicOf,
  type Scope,
  withoutPauses,
  withPause,
  withRewinds
} from '../../../../control/index.ts'
import { silentLogger } from '../../../../core/logger.ts'
import { TopicTable } from '../../../../kafka/index.ts'
import { eventually } from '../../../support/stack.ts'
import { quiz, testSchool } from '../school.ts'

const school = await testSchool()

/** A term whose groups can be ordered about. */
async function controlled(partitions = 3) {
  const term = school.enrol()
  const { topicPrefix } = term
  await term.offer('quiz.submitted', partitions)
  await school.admin.createTopics(controlTopics(topicPrefix, 1))
  const table = new TopicTable({ client: school.client, topic: controlTopicOf(topicPrefix), log: silentLogger })
  onTestFinished(() => table.close())
  const handled: number[] = []
  let state = nothingDesired
  const group = 'ordered'
  const groupId = topicPrefix + group
  return {
    term,
    handled,
    groupId,
    topic: `${topicPrefix}quiz.submitted`,
    async desire(change: (before: DesiredState) => DesiredState): Promise<DesiredState> {
      state = change(state)
      await table.put(desiredKeyOf(groupId), encodeDesired(state))
      return state
    },
    start: () =>
      term.group({
        group,
        version: '1.2.3',
        handlers: { 'quiz.submitted': ({ payload }) => void handled.push(payload.score_raw) }
      }),
    publish: (...scores: number[]) => term.publish(...scores.map(score => quiz(randomUUID(), score))),
    /** The revisions that members have last reported as carried out. */
    async applied(): Promise<readonly (number | undefined)[]> {
      await using reader = school.client.logReader()
      const found = new Map<string, number | undefined>()
      const { records } = await reader.page({ topic: reportsTopicOf(topicPrefix), partition: 0 }, 0)
      for (const { value } of records) {
        const report = value && parseReport(value)
        if (report) found.set(report.member, report.applied)
      }
      return [...found.values()]
    }
  }
}

const pauseOf = (scope: Scope) => (state: DesiredState) =>
  withPause(state, { scope, action: '1', by: 'jo@desk', reason: 'mail server', at: new Date() })
const isStill = async (group: ConsumerGroup): Promise<void> => {
  await eventually(() => group.stats().running + group.stats().queued === 0, { what: 'nothing runs' })
}

test('a pause reaches all members, is reported, and is kept when they start again; a resume lifts it', async () => {
  const { handled, topic, desire, start, publish, applied } = await controlled()
  const [one, other] = [await start(), await start()]
  await publish(1)
  await one.whenCaughtUp()
  const { revision } = await desire(pauseOf({ topic }))
  await eventually(async () => (await applied()).every(each => each === revision) && (await applied()).length === 2, {
    what: 'both report that it is paused'
  })
  await publish(2, 3, 4)
  await Promise.all([isStill(one), isStill(other)])
  await Promise.all([one.drain(), other.drain()])
  const third = await start()
  await eventually(async () => (await applied()).length === 3 && (await applied()).at(-1) === revision, {
    what: 'the third has read the order'
  })
  await expect(third.whenCaughtUp({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(handled).toEqual([1])
  await desire(state => withoutPauses(state, {}).state)
  await third.whenCaughtUp()
  expect(handled.toSorted()).toEqual([1, 2, 3, 4])
})

test('a pause of one partition leaves the others going', async () => {
  const { handled, topic, desire, start, publish, term } = await controlled(2)
  await desire(pauseOf({ topic, partition: 0 }))
  await start()
  await publish(1, 2, 3, 4, 5, 6, 7, 8)
  const ranges = await school.admin.ranges(`${term.topicPrefix}quiz.submitted`)
  const [held, free] = [ranges[0]?.end ?? 0, ranges[1]?.end ?? 0]
  await eventually(() => handled.length === free, { what: 'what is not paused is handled' })
  await desire(state => withoutPauses(state, {}).state)
  await eventually(() => handled.length === held + free, { what: 'all is handled' })
})

test('a rewind is carried out once, noted with the position, and not again after a restart', async () => {
  const { handled, groupId, topic, desire, start, publish } = await controlled(1)
  const one = await start()
  await publish(1, 2, 3, 4)
  await one.whenCaughtUp()
  await eventually(() => handled.length === 4, { what: 'all is handled' })
  await desire(state => withRewinds(state, [{ topic, partition: 0, offset: 1, action: '7' }]))
  await eventually(() => handled.length === 7, { what: 'three come again' })
  await one.whenCaughtUp()
  expect(handled).toEqual([1, 2, 3, 4, 2, 3, 4])
  const commit = async () => (await school.admin.groupCommits(groupId)).get(topic)?.get(0)
  expect(await commit()).toEqual({ offset: 4, metadata: 'rewind:7' })
  await one.drain()
  const other = await start()
  await publish(5)
  await other.whenCaughtUp()
  expect([handled.length, await commit()]).toEqual([8, { offset: 5, metadata: 'rewind:7' }])
})

test('a member says who it is in the description of its group', async () => {
  const { groupId, start } = await controlled(1)
  await start()
  const identity = await eventually(
    async () => {
      const { members } = await school.admin.describeGroup(groupId)
      return members[0] && parseIdentity(members[0].about)
    },
    { what: 'the member is described' }
  )
  expect(identity).toMatchObject({ pid: process.pid, version: '1.2.3' })
})

test('orders of a newer format leave what was known in force', async () => {
  const { handled, topic, desire, start, publish, groupId, term, applied } = await controlled(1)
  const { revision } = await desire(pauseOf({ topic }))
  const one = await start()
  await eventually(async () => (await applied()).includes(revision), { what: 'the order is carried out' })
  await using table = new TopicTable({
    ...{ client: school.client, topic: controlTopicOf(term.topicPrefix), log: silentLogger }
  })
  await table.put(desiredKeyOf(groupId), Buffer.from('{"v":99}'))
  await publish(1)
  await expect(one.whenCaughtUp({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(handled).toEqual([])
})
