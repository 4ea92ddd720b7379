import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { groupMetrics } from '../../../consumers/metrics.ts'
import { createPrometheusMeter } from '../../../observability/prometheus/prometheus.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testSchool } from './school.ts'

const school = await testSchool()

/** Removes the records of a partition before an offset, as `kafka-delete-records` does. */
async function removeBefore(topic: string, offset: number): Promise<void> {
  const admin = school.client.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  // kafkajs asks no broker about a topic that it has not met.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
}

const byNumber = (one: string, other: string): number => Number(one) - Number(other)

function ears() {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(JSON.parse(line)) } })
  const meter = createPrometheusMeter({ metrics: groupMetrics })
  const lost = async () => Number(/^eventtrail_group_lost_total\{.*\} (\d+)$/m.exec((await meter.text()).body)?.[1])
  const told = () => lines.filter(({ msg }) => String(msg).startsWith('records were removed from the log'))
  return { log, meter, lost, told }
}

test('records that are removed before a group that runs has read them are reported, and it continues after them', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const { log, meter, lost, told } = ears()
  const gate = Promise.withResolvers<void>()
  const handled: string[] = []
  const group = await term.group({
    group: 'overtaken',
    log,
    meter,
    maxUncommitted: 5,
    concurrency: 1,
    handlers: {
      'badge.awarded': async ({ payload }) => {
        await gate.promise
        handled.push(payload.reason)
      }
    }
  })
  await term.publish(badge(randomUUID(), '0'))
  await eventually(() => group.stats().running === 1, { what: 'the first one is being handled' })
  // One fetch at a time brings one of them, so that most are not fetched yet when they are removed.
  for (let n = 1; n < 40; n += 1) await term.publish(badge(randomUUID(), String(n)))
  await eventually(() => group.stats().uncommitted >= 5, { what: 'it holds as much as it may' })
  const fetched = group.stats().uncommitted
  await removeBefore(topic, 30)
  gate.resolve()
  await group.whenCaughtUp()
  const wanted = [...Array.from({ length: fetched }, (_, n) => n), ...Array.from({ length: 10 }, (_, n) => 30 + n)]
  // Each is of an aggregate of its own: there is no order between them.
  expect(handled.toSorted(byNumber)).toEqual(wanted.map(String))
  expect(told()).toMatchObject([{ level: 50, topic, partition: 0, from: fetched, to: 29 }])
  expect(await lost()).toBe(30 - fetched)
  expect(group.health().notReady).toEqual([])
})

test('and so are those that are removed while the group does not run', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const handled: string[] = []
  const handlers = {
    'badge.awarded': ({ payload }: { payload: { reason: string } }) => void handled.push(payload.reason)
  }
  const first = await term.group({ group: 'away', handlers })
  await term.publish(...['0', '1', '2'].map(reason => badge(randomUUID(), reason)))
  await first.whenCaughtUp()
  await first.drain()
  await term.publish(...['3', '4', '5', '6', '7'].map(reason => badge(randomUUID(), reason)))
  await removeBefore(topic, 6)
  const { log, meter, lost, told } = ears()
  const second = await term.group({ group: 'away', handlers, log, meter })
  await second.whenCaughtUp()
  expect(handled.toSorted(byNumber)).toEqual(['0', '1', '2', '6', '7'])
  expect(told()).toMatchObject([{ topic, partition: 0, from: 3, to: 5 }])
  expect(await lost()).toBe(3)
  // It has committed past them: the next member has nothing to report.
  await second.drain()
  const again = ears()
  const third = await term.group({ group: 'away', handlers, log: again.log, meter: again.meter })
  await third.whenCaughtUp()
  expect(again.told()).toEqual([])
})

test('a group that is new to a topic has lost nothing that was removed before', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.publish(...['0', '1', '2'].map(reason => badge(randomUUID(), reason)))
  await removeBefore(`${term.topicPrefix}badge.awarded`, 2)
  const { log, meter, lost, told } = ears()
  const handled: string[] = []
  const group = await term.group({
    group: 'new',
    log,
    meter,
    handlers: { 'badge.awarded': ({ payload }) => void handled.push(payload.reason) }
  })
  await group.whenCaughtUp()
  expect(handled).toEqual(['2'])
  expect(told()).toEqual([])
  expect(await lost()).toBe(0)
})

test('a topic that is deleted and made again, and has grown past the position meanwhile, is read from its start', {
  timeout: 60_000
}, async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const { log } = ears()
  const gate = Promise.withResolvers<void>()
  const handled: string[] = []
  const group = await term.group({
    group: 'again',
    log,
    maxUncommitted: 1,
    handlers: {
      'badge.awarded': async ({ payload }) => {
        if (payload.reason === 'old 2') await gate.promise
        handled.push(payload.reason)
      }
    }
  })
  await term.publish(...['old 0', 'old 1', 'old 2'].map(reason => badge(randomUUID(), reason)))
  await eventually(() => handled.length === 2 && group.stats().running === 1, { what: 'it is in the middle of one' })
  // It fetches nothing meanwhile.
  await school.admin.deleteTopics([topic])
  const made = () =>
    school.admin
      .createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }])
      .then(({ length }) => length === 1)
  await eventually(made, { what: 'it is made again' })
  const reasons = Array.from({ length: 10 }, (_, n) => `new ${n}`)
  for (const reason of reasons)
    await eventually(() => term.publish(badge(randomUUID(), reason)), { what: 'it takes events' })
  gate.resolve()
  await eventually(() => reasons.every(reason => handled.includes(reason)), { what: 'all new ones are handled' })
  await group.whenCaughtUp()
  const offsets = await school.admin.groupOffsets(`${term.topicPrefix}again`)
  expect(offsets.get(topic)?.get(0)).toBe(10)
})
