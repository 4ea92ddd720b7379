import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
for (const name of ['badge.awarded', 'quiz.submitted']) await trail.offer(name)
const topic = `${trail.topicPrefix}quiz.submitted`

async function configure(settings: Readonly<Record<string, string>>): Promise<void> {
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] })
  await admin.disconnect()
}

/** Offsets that are left, as a reader from the start is given them. */
async function offsetsLeft(): Promise<number[]> {
  const consumer = trail.kafka.kafka.consumer({ groupId: `${topic}.${randomUUID()}` })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const [end] = (await trail.admin.logEnds([topic])).map(({ highWatermark }) => highWatermark)
  const offsets: number[] = []
  const read = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ message }) => {
      offsets.push(Number(message.offset))
      // The latest record is never compacted.
      if (Number(message.offset) >= Number(end) - 1) read.resolve()
    }
  })
  await read.promise
  await consumer.disconnect()
  return offsets
}

// Kafka's cleaner looks every 15 s, at segments that are closed.
test('a topic that is compacted by mistake: the sink reads on over the holes, and doctor says what is lost', {
  timeout: 240_000
}, async () => {
  expect((await runCli(['doctor'], trail.env)).stdout).not.toContain('compacted')
  await configure({
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.01',
    'max.compaction.lag.ms': '200'
  })
  const send = async (count: number, aggregateId: string) => {
    for (let at = 0; at < count; at += 1) await trail.send([{ ...(await trail.encode(quiz())), key: aggregateId }])
  }
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await send(3, 'read')
    await sink.whenCaughtUp()
  }
  await send(6, 'a')
  // The last one of a keeps its offset, so that the log holds nothing from the position up to it.
  await send(3, 'b')
  await eventually(
    async () => {
      await send(1, 'c')
      const left = await offsetsLeft()
      return left.filter(offset => offset >= 3 && offset < 8).length === 0
    },
    { what: 'compaction removed records at the position', timeoutMs: 150_000 }
  )
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.publish([badge()])
  await sink.whenCaughtUp({ timeoutMs: 30_000 })
  const [ledger] = await trail.rows('SELECT sum(rows)::int AS rows, sum(skipped)::int AS skipped FROM sink_ledger')
  expect(ledger?.skipped).toBeGreaterThanOrEqual(5)
  expect(ledger?.rows).toBe(await trail.count('event_envelopes'))
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect((await runCli(['verify'], trail.env)).stdout).toContain(`${ledger?.skipped} offsets held no event`)
  const { stdout, code } = await runCli(['doctor'], trail.env)
  expect(code).toBe(1)
  expect(stdout).toMatch(/compaction.*quiz\.submitted are compacted/)
})
