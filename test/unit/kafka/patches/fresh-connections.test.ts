import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startConnectionsEmpty } from '../../../../kafka/kafkajs/patches/fresh-connections.ts'
import { eventually } from '../../../support/stack.ts'

interface Connection {
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
  isConnected(): boolean
  requestQueue: { fulfillRequest(answer: { correlationId: number; payload: Buffer }): void }
}
const require = createRequire(import.meta.url)
const Connection = require('kafkajs/src/network/connection') as new (options: object) => Connection
const socketFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)()
const silence = () => undefined
const logger: object = { namespace: () => logger, debug: silence, info: silence, warn: silence, error: silence }

/** An answer of the broker: its length, the number of the request, and the rest. */
function answer(correlationId: number, text: string): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + text.length)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, Buffer.from(text)])
}

test('an answer that broke off is forgotten when the connection is reopened', async () => {
  startConnectionsEmpty.apply()
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', silence)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = new Connection({
    host: '127.0.0.1',
    port,
    logger,
    socketFactory,
    requestTimeout: 1_000,
    connectionTimeout: 1_000
  })
  onTestFinished(async () => {
    await connection.disconnect()
    server.close()
  })
  const answers: string[] = []
  connection.requestQueue.fulfillRequest = ({ correlationId, payload }) =>
    void answers.push(`${correlationId} ${payload}`)

  await connection.connect()
  await eventually(() => sockets.length === 1, { what: 'the first connection' })
  sockets[0]?.write(Buffer.concat([answer(1, 'whole'), answer(2, 'an answer that breaks off').subarray(0, 15)]))
  await eventually(() => answers.length === 1, { what: 'the whole answer is read' })
  sockets[0]?.resetAndDestroy()
  await eventually(() => !connection.isConnected(), { what: 'the connection is gone' })

  await connection.connect()
  await eventually(() => sockets.length === 2, { what: 'the second connection' })
  sockets[1]?.write(Buffer.concat([answer(3, 'read'), answer(4, 'as it is')]))
  await eventually(() => answers.length === 3, { what: 'the new answers are read' })
  expect(answers).toEqual(['1 whole', '3 read', '4 as it is'])
})
