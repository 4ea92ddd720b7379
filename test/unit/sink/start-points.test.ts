import { describe, expect, test } from 'vitest'
import { findStartPoints } from '../../../sink/intake/start-points.ts'
import type { TrailPositions } from '../../../trail/session/session.ts'

const at = { topic: 'lesson.published', partition: 0 }
const stored = { nextOffset: 10, incarnation: 1, topicId: 'old' }

/** What is found while the topic is recreated, between one question to Kafka and the next. */
async function foundWhile(...moments: { id?: string; end: number }[]) {
  const now = () => (moments.length > 1 ? moments.shift() : moments[0]) as (typeof moments)[number]
  const trail = { read: async () => new Map([['lesson.published/0', stored]]) } as Partial<TrailPositions>
  const [place] = await findStartPoints(
    {
      trail: trail as TrailPositions,
      topicIds: async () => {
        const { id } = now()
        return new Map(id === undefined ? [] : [[at.topic, id]])
      },
      ranges: async () => [{ partition: 0, start: 0, end: now().end }]
    },
    [at]
  )
  return place
}

describe('a topic that is recreated while a sink looks at it', () => {
  const [before, gone, after] = [{ id: 'old', end: 10 }, { end: 0 }, { id: 'new', end: 0 }]
  test.each([
    ['after its id was read', [before, after]],
    ['while it has no id', [gone, after]],
    ['after its log was read', [before, before, after]]
  ])('is another one, also %s', async (_, moments) => {
    expect(await foundWhile(...moments)).toMatchObject({ startPoint: { kind: 'halt', reason: 'LOG_REPLACED' } })
  })

  test('leaves a position with the id that it was judged by', async () => {
    expect(await foundWhile(before)).toMatchObject({ startPoint: { kind: 'read', from: 10 }, topicId: 'old' })
  })
})
