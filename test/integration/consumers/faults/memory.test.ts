import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import kafkajs from 'kafkajs'
import { expect, onTestFinished, test } from 'vitest'
import { badge, testSchool } from '../school.ts'

const school = await testSchool()
const mebibyte = 1024 * 1024
const script = fileURLToPath(new URL('holding-member.ts', import.meta.url))

type Term = ReturnType<typeof school.enrol>

/**
 * Sends badges whose reasons are so long, compressed, so that little of them is in the log and much in memory.
 * @param partitions that share them; where they are in one batch, the partition that it is in
 */
async function send(term: Term, reasons: readonly number[], partitions: number, inOneBatch = false): Promise<void> {
  const producer = school.client.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  const topic = `${term.topicPrefix}badge.awarded`
  const messages = []
  for (const [index, length] of reasons.entries()) {
    const { key, value } = await term.encode(badge(randomUUID(), 'x'.repeat(length)))
    messages.push({ key: String(key), value: value as Buffer, partition: inOneBatch ? partitions : index % partitions })
    if (inOneBatch && index < reasons.length - 1) continue
    await producer.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages: messages.splice(0) })
  }
  await producer.disconnect()
}

interface Measured {
  readonly mostHeld: number
  readonly handled: number
  readonly residentMb: number
}

/** Starts the member, waits until it holds as much as it takes, and lets it handle everything. */
async function measure(term: Term, maxBytesHeld?: number): Promise<Measured> {
  const child: ChildProcess = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      KAFKA_BROKERS: school.brokers.join(),
      SCHEMA_REGISTRY_URL: school.registryUrl,
      TOPIC_PREFIX: term.topicPrefix,
      ...(maxBytesHeld && { MAX_BYTES_HELD: String(maxBytesHeld) })
    },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  await once(lines, 'line')
  child.stdin?.write('go\n')
  const [line] = await once(lines, 'line')
  return JSON.parse(line)
}

test('messages that are large wait within a bound, those of many partitions at once', {
  timeout: 180_000
}, async () => {
  const few = school.enrol()
  await few.offer('badge.awarded', 1)
  await send(few, [10], 1)
  const idle = await measure(few)
  const term = school.enrol()
  await term.offer('badge.awarded', 12)
  // 300 MB once they are decompressed.
  await send(term, Array(60).fill(5 * mebibyte), 12)
  const { mostHeld, handled, residentMb } = await measure(term)
  expect(handled).toBe(60)
  // One message more than what makes it stop.
  expect(mostHeld).toBeLessThan((32 + 6) * mebibyte)
  expect(residentMb - idle.residentMb).toBeLessThan(160)
})

test('so do batches that decompress to a thousand times their size, of which one comes whole', {
  timeout: 180_000
}, async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 4)
  for (let n = 0; n < 6; n += 1) await send(term, Array(60).fill(mebibyte), n % 4, true)
  const { mostHeld, handled, residentMb } = await measure(term, 8 * mebibyte)
  expect(handled).toBe(360)
  expect(mostHeld).toBeLessThan((8 + 61) * mebibyte)
  // The batch, the messages that are copied out of it, and what is decoded of those that were begun.
  expect(residentMb).toBeLessThan(450)
})
