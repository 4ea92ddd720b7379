import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { keyOf } from '../../../kafka/types/partition.ts'
import { AssignedPositions } from '../../../sink/intake/assigned-positions.ts'
import { WriteQueue } from '../../../sink/write/write-queue.ts'
import { resetPartition } from '../../../trail/positions/reset.ts'
import { resumeTopic } from '../../../trail/positions/resume.ts'
import { pgPositions } from '../../../trail/session/pg-session.ts'
import { testTrail } from '../../support/trail.ts'

const { db, group } = await testTrail()
const trail = pgPositions(db, group)
const log = { partition: 0, start: 0, end: 100 }

/** The positions of a sink that has asked Kafka about its partition and has no answer before `answer` is called. */
function looking(topic: string, topicId?: string) {
  const at = { topic, partition: 0 }
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const queue = new WriteQueue({
    limits: { maxRows: 1, maxBytes: 1, lingerMs: 1 },
    write: () => Promise.reject(new Error('nothing is to be written')),
    onWritten: () => undefined,
    onFailure: () => undefined,
    log: silentLogger
  })
  onTestFinished(() => queue.close())
  const seeks: number[] = []
  const positions = new AssignedPositions({
    starts: {
      trail,
      ranges: async () => {
        asked.resolve()
        await answered.promise
        return [log]
      },
      topicIds: async () => new Map(topicId === undefined ? [] : [[topic, topicId]])
    },
    control: {
      queueOf: () => queue,
      seek: (_, offset) => seeks.push(offset),
      pause: () => undefined,
      resume: () => undefined
    },
    onFailure: error => {
      throw error
    },
    log: silentLogger
  })
  positions.assign([at])
  return {
    seeks,
    positions,
    asked: asked.promise,
    placed: positions.whenFound(at),
    answer: answered.resolve,
    stored: async () => (await trail.read([at])).get(keyOf(at))
  }
}

test('a topic that is resumed while a sink finds it halted stays resumed', async () => {
  const topic = 'resumed'
  await trail.open([{ topic, partition: 0, start: 7 }])
  await trail.haltTopic(topic, 'TOO_MANY_BAD')
  const sink = looking(topic)
  await sink.asked
  await resumeTopic(db, { group, topic })
  sink.answer()
  await sink.placed
  expect(await sink.stored()).toEqual({ nextOffset: 7, incarnation: 1 })
  await sink.positions.revisit()
  await sink.positions.whenFound({ topic, partition: 0 })
  expect(sink.seeks).toEqual([7])
})

test('a partition that is reset while a sink finds another log stays reset', async () => {
  const topic = 'reset'
  await trail.open([{ topic, partition: 0, start: 7, topicId: 'the old one' }])
  const sink = looking(topic, 'the new one')
  await sink.asked
  await resetPartition(db, { group, topic, partition: 0, to: 'earliest', reason: 'made anew', force: true }, log)
  sink.answer()
  await sink.placed
  expect(await sink.stored()).toEqual({ nextOffset: 0, incarnation: 2 })
  await sink.positions.revisit()
  await sink.positions.whenFound({ topic, partition: 0 })
  expect(sink.seeks).toEqual([0])
})
