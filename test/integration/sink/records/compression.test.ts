import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { badge, lesson, quiz, testTrail } from '../../../support/trail.ts'

const probes = await loadCatalogue(fileURLToPath(new URL('../../../fixtures/schemas', import.meta.url)))
const trail = await testTrail()

/** Kafka itself compresses the batches of a topic that is set so, whatever the producer sent. */
const codecs = { 'lesson.published': 'snappy', 'quiz.submitted': 'lz4', 'badge.awarded': 'zstd', 'probe.sent': 'gzip' }
for (const [eventName, codec] of Object.entries(codecs)) {
  const config = { 'compression.type': codec }
  await trail.admin.createTopics([
    { topic: trail.topicPrefix + eventName, partitions: 1, replicationFactor: 1, config }
  ])
}

// Case 24
test('batches that were compressed in any way are stored', async () => {
  const words = (n: number) => `${'the same words again and again '.repeat(n % 40)}${n}`
  const probe = { eventName: 'probe.sent', payload: { text: 'probe' } }
  for (let i = 0; i < 4; i += 1) {
    const hundred = Array.from({ length: 100 }, (_, n) => n + i * 100)
    await trail.publish(hundred.flatMap(n => [lesson(words(n)), quiz(n), badge(words(n))]))
    await trail.send(await Promise.all(hundred.map(() => trail.encode(probe, probes))))
  }
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const stored = await trail.rows('SELECT event_name, count(*)::int AS n FROM event_envelopes GROUP BY 1 ORDER BY 1')
  expect(stored).toEqual(
    Object.keys(codecs)
      .sort()
      .map(event_name => ({ event_name, n: 400 }))
  )
  const titles = await trail.rows(
    "SELECT payload ->> 'title' AS title FROM event_envelopes WHERE event_name = 'lesson.published'"
  )
  expect(new Set(titles.map(({ title }) => title))).toEqual(new Set(Array.from({ length: 400 }, (_, n) => words(n))))
})
