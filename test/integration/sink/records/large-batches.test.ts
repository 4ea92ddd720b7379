import { expect, test } from 'vitest'
import { rawBatch } from '../../../support/kafka/raw-batch.ts'
import { bomb } from '../../../support/kafka/raw-codecs.ts'
import { rawProducer, stored } from '../../../support/kafka/raw-producer.ts'
import { startSink } from '../../../support/processes/sink-process.ts'
import { eventually } from '../../../support/stack.ts'
import { lesson, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('badge.awarded')
await trail.offer('lesson.published')
const producer = await rawProducer(trail.brokers)
const mebibyte = 1024 * 1024
const timeoutMs = 100_000

const kept = () => trail.count('sink_quarantine')
const isStored = async (id: string) =>
  (await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [id])).length > 0

test.each([
  ['large', 20 * mebibyte],
  ['too large', 100 * mebibyte]
])(
  'an event of another topic does not wait for all the %s batches of a fetch',
  { timeout: 3 * timeoutMs },
  async (_, bytes) => {
    const before = await kept()
    const count = 20
    const { id, key = null, value } = await trail.encode(lesson())
    for (let n = 0; n < count; n += 1)
      await stored(producer, `${trail.topicPrefix}badge.awarded`, n % 2, bomb('zstd', bytes))
    // A busy machine takes longer than the tests' own session to look at the largest.
    const sink = startSink(trail, '--session-timeout', '10000')
    await eventually(async () => (await kept()) > before, { what: 'the first of them is put aside', timeoutMs })
    await stored(producer, `${trail.topicPrefix}lesson.published`, 0, rawBatch({ records: [{ key, value }] }))
    await eventually(() => isStored(id), { what: 'the event is stored', timeoutMs })
    // Where it waits for all of them, each lane may still have one to write.
    expect(await kept()).toBeLessThan(before + count - 4)
    await eventually(async () => (await kept()) === before + count, { what: 'all of them are put aside', timeoutMs })
    expect(await trail.rows('SELECT * FROM sink_ledger_holes')).toEqual([])
    expect(await sink.stop()).toBe(0)
  }
)
