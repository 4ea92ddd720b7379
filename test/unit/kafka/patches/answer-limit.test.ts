import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createKafkaClient } from '../../../../kafka/kafkajs/client.ts'
import { limitAnswers } from '../../../../kafka/kafkajs/patches/answer-limit.ts'
import { tryingOthers } from '../../../../kafka/kafkajs/patches/seeds.ts'

const sockets = new Set<Socket>()
const piece = Buffer.alloc(64 * 1024)
let sent = 0
let begin: Buffer = Buffer.alloc(0)
/** Answers each request with the same bytes, and then with as much as is taken. */
const rogue = createServer(socket => {
  sockets.add(socket)
  const more = (): void => {
    while (!socket.destroyed && socket.writable && sent < 2 ** 31) {
      sent += piece.length
      if (!socket.write(piece)) return
    }
  }
  socket.on('error', () => undefined)
  socket.on('drain', more)
  socket.once('data', () => {
    socket.write(begin)
    more()
  })
}).listen(0, '127.0.0.1')
await once(rogue, 'listening')
afterAll(() => {
  rogue.close()
  for (const socket of sockets) socket.destroy()
})
const brokers = [`127.0.0.1:${(rogue.address() as AddressInfo).port}`]

const announced = (length: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(length)
  return bytes
}

test('answers are read however their bytes come', async () => {
  limitAnswers.apply()
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as {
    prototype: { processData(this: object, bytes: Buffer): void }
  }
  const { socketFactory } = tryingOthers(brokers)
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }),
      (payloads, sizes) => {
        const read: { correlationId: number; payload: Buffer }[] = []
        const fulfillRequest = (answer: { correlationId: number; payload: Buffer }) => read.push(answer)
        const connection = { socketFactory, chunks: [], bytesBuffered: 0, bytesNeeded: 4, authHandlers: null }
        const all = Object.assign(connection, { requestQueue: { fulfillRequest } })
        const stream = Buffer.concat(
          payloads.flatMap((payload, index) => [announced(4 + payload.length), announced(index), payload])
        )
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + (sizes[turn % sizes.length] as number)
          prototype.processData.call(all, stream.subarray(at, end))
          at = end
        }
        expect(read.map(({ correlationId, payload }) => [correlationId, [...payload]])).toEqual(
          payloads.map((payload, index) => [index, [...payload]])
        )
      }
    )
  )
})

/** The message of an error and of all that is beneath it. */
function words(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.message} ${words(thrown.cause)}` : ''
}

test.each([
  ['of 2 GiB', announced(2 ** 31 - 1), 'answer of 2147483647 bytes'],
  ['in another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'answer of 1213486160 bytes'],
  ['with a length below zero', announced(-5), 'answer of -5 bytes'],
  ['without a number of its request', Buffer.concat([announced(2), Buffer.alloc(2)]), 'answer of 2 bytes']
])('an answer %s ends its connection and nothing else', { timeout: 60_000 }, async (_, first, reason) => {
  begin = first
  sent = 0
  const client = createKafkaClient({ brokers, requestTimeoutMs: 5_000 })
  const failed: unknown = await client.connectAdmin().catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true })
  expect(words(failed)).toContain(reason)
  expect(sent).toBeLessThan(256 * 1024 * 1024)
})
