import { expect, test } from 'vitest'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 6 })

// A broker reports a new topic before it leads all its partitions; what fails then is sent again as a whole.
test('what tests publish to a topic that was just made is there once', async () => {
  const ends: number[] = []
  for (let number = 0; number < 40; number += 1) {
    const eventName = `fresh.topic${number}`
    await trail.makeTopic(eventName)
    await trail.send(Array.from({ length: 50 }, (_, index) => ({ eventName, value: Buffer.from(`value ${index}`) })))
    const ranges = await trail.admin.ranges(trail.topicPrefix + eventName)
    ends.push(ranges.reduce((sum, { end }) => sum + end, 0))
  }
  expect(ends).toEqual(ends.map(() => 50))
})
