import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { createSink } from '../../../sink/index.ts'
import { int32, protocolString } from '../../support/kafka/wire.ts'
import { badge, testTrail } from '../../support/trail.ts'

const stack = await startStack({ kind: 'quota' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 3 })
const sessionTimeoutMs = 5_000

/** Bytes a second that a broker gives to clients of this name (AlterClientQuotas 0), which kafkajs cannot ask for. */
async function limitReads(clientId: string, bytes: number): Promise<void> {
  const [host, port] = stack.env.KAFKA_BROKERS.split(':')
  const socket = connect(Number(port), host)
  const rate = Buffer.alloc(8)
  rate.writeDoubleBE(bytes)
  const head = Buffer.from([0, 49, 0, 0, 0, 0, 0, 1])
  const entity = [int32(1), protocolString('client-id'), protocolString(clientId)]
  const operation = [int32(1), protocolString('consumer_byte_rate'), rate, Buffer.of(0)]
  const body = Buffer.concat([head, protocolString('test'), int32(1), ...entity, ...operation, Buffer.of(0)])
  socket.write(Buffer.concat([int32(body.length), body]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  // After the correlation id, the throttle and the number of entries.
  expect(answer.readInt16BE(16)).toBe(0)
}

test('a quota that delays fetches for longer than a session lasts throws no sink out of its group', {
  timeout: 240_000
}, async () => {
  await trail.offer('badge.awarded')
  for (let at = 0; at < 12; at += 1) {
    await trail.publish(Array.from({ length: 15 }, () => badge('x'.repeat(2_000))))
  }
  await limitReads('eventtrail-sink', 50_000)
  const joins: unknown[] = []
  const log = createLogger({
    level: 'info',
    destination: { write: line => line.includes('partitions assigned') && joins.push(line) }
  })
  await using sink = createSink({ ...trail.sinkOptions, log, sessionTimeoutMs })
  const began = performance.now()
  await sink.start()
  await sink.whenCaughtUp({ timeoutMs: 180_000 })
  expect(performance.now() - began).toBeGreaterThan(sessionTimeoutMs)
  expect(await trail.count('event_envelopes')).toBe(180)
  expect(joins).toHaveLength(1)
})
