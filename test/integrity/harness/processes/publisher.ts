// Publishes with the SDK at an even rate until SIGTERM, and writes down what it got for each event:
// publisher.ts <events a second> <aggregates> <partitions> <folder> <seed>
// The servers come from the environment. Prints its counts as a line of JSON, four times a second.
import { setTimeout as delay } from 'node:timers/promises'
import { v7 } from 'uuid'
import { loadConfig } from '../../../../cli/config.ts'
import { connectionOf } from '../../../../cli/connection.ts'
import { below, randomFrom } from '../../../../dev/demo/day/random.ts'
import { partitionFor } from '../../../../kafka/index.ts'
import { createProducer, type KafkaReceipt, PublishError } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { contentOf } from '../check/content.ts'
import type { Published } from '../check/facts.ts'
import { Journal, type LoadCounts } from '../check/journal.ts'

const [rate = 0, aggregateCount = 0, partitions = 0] = process.argv.slice(2, 5).map(Number)
const [folder = '', seed = ''] = process.argv.slice(5)
const config = loadConfig()
const topicPrefix = config.get('topicPrefix')
const producer = createProducer({
  connection: connectionOf(config),
  topicPrefix,
  catalogue,
  deliveryTimeoutMs: Number(process.env.DELIVERY_TIMEOUT_MS ?? 60_000),
  requestTimeoutMs: Number(process.env.REQUEST_TIMEOUT_MS ?? 5_000),
  buffer: { maxRecords: Number(process.env.BUFFER_MAX_RECORDS ?? 100_000) }
})
const random = randomFrom(seed)
const uuid = (): string => v7({ random: Uint8Array.from({ length: 16 }, () => below(256, random())) })
const aggregates = Array.from({ length: aggregateCount }, uuid)

const make = {
  'badge.awarded': (at: number) => ({ badge_id: uuid(), awarded_to: uuid(), reason: `badge ${at} “é”\t\\N` }),
  'quiz.submitted': (at: number) => ({
    submission_id: uuid(),
    student_id: uuid(),
    quiz_id: uuid(),
    score_raw: (at % 1_000) / 8
  })
} as const
const names = Object.keys(make) as (keyof typeof make)[]

const counts: LoadCounts = { called: 0, stored: 0, unknown: 0, failed: 0 }
const journal = new Journal(folder)
function writeDown(event: Published): void {
  counts[event.outcome] += 1
  const partition = event.place?.partition ?? partitionFor(event.aggregateId, partitions)
  journal.add({ topic: event.topic, partition }, JSON.stringify(event))
}

function publish(): void {
  const order = counts.called
  counts.called += 1
  const name = names[order % names.length] as keyof typeof make
  const aggregateId = aggregates[below(aggregateCount, random())] as string
  const payload = make[name](order)
  const id = uuid()
  const event = { id, aggregateId, topic: topicPrefix + name, content: contentOf(payload), order }
  const call = producer.publish(name, aggregateId, payload as never, { id }) as Promise<KafkaReceipt>
  void call.then(
    ({ partition, offset }) => writeDown({ ...event, outcome: 'stored', place: { partition, offset } }),
    (error: unknown) => {
      if (!(error instanceof PublishError)) throw error
      writeDown({ ...event, outcome: error.outcome })
    }
  )
}

let stopping = false
process.once('SIGTERM', () => {
  stopping = true
})
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
const report = setInterval(() => {
  journal.write()
  process.stdout.write(`${JSON.stringify(counts)}\n`)
}, 250)

await producer.start()
let due = 0
for (let before = performance.now(); !stopping; ) {
  await delay(10)
  await producer.ready()
  const now = performance.now()
  // What was missed while nothing could be taken is not made up for: the load is even, not a flood.
  due = Math.min(due + ((now - before) / 1_000) * rate, rate / 4)
  before = now
  for (; due >= 1; due -= 1) publish()
}
await producer.drain()
await producer.close()
clearInterval(report)
journal.write()
process.stdout.write(`${JSON.stringify(counts)}\n`)
process.off('disconnect', orphaned)
process.disconnect?.()
