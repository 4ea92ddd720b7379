import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { FaultProxy } from '../../integrity/harness/proxy.ts'
import { eventually } from '../../support/stack.ts'

/** A server that answers each piece with the same bytes, or as `answer` says, behind a proxy. */
async function proxied(answer: (piece: Buffer, socket: Socket) => void = (piece, socket) => void socket.write(piece)) {
  const heard: Buffer[] = []
  const ends: (string | undefined)[] = []
  const server = createServer(socket => {
    socket.on('data', piece => {
      heard.push(piece)
      answer(piece, socket)
    })
    socket.on('error', error => ends.push('code' in error ? String(error.code) : error.message))
    socket.on('end', () => ends.push(undefined))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await FaultProxy.start((server.address() as AddressInfo).port)
  onTestFinished(async () => {
    await proxy.close()
    server.close()
  })
  return { proxy, ends, heard: () => Buffer.concat(heard).toString() }
}

const clients: Socket[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

async function client(port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  clients.push(socket)
  let read = ''
  let failure: string | undefined
  let closed = false
  socket.on('data', piece => {
    read += piece
  })
  socket.on('error', error => {
    failure = 'code' in error ? String(error.code) : error.message
  })
  socket.on('close', () => {
    closed = true
  })
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined)
  return { socket, read: () => read, failure: () => failure, closed: () => closed }
}

test('passes bytes on in both directions, and ends', async () => {
  const { proxy, heard, ends } = await proxied()
  const { socket, read } = await client(proxy.port)
  socket.write('hello')
  await eventually(() => read() === 'hello', { what: 'the echo' })
  expect(heard()).toBe('hello')
  socket.end()
  await eventually(() => ends.length === 1 && proxy.connections === 0, { what: 'the end is passed on' })
  expect(ends).toEqual([undefined])
})

test('many bytes arrive in their order, with and without latency', async () => {
  const { proxy } = await proxied()
  const sent = Array.from({ length: 200_000 }, (_, i) => `${i},`).join('')
  for (const latencyMs of [0, 5]) {
    proxy.latencyMs = latencyMs
    const { socket, read } = await client(proxy.port)
    socket.write(sent)
    await eventually(() => read().length === sent.length, { what: 'all is back' })
    expect(read() === sent).toBe(true)
  }
})

test('holds back until it is released', async () => {
  const { proxy } = await proxied()
  const { socket, read } = await client(proxy.port)
  proxy.latencyMs = 80
  const began = performance.now()
  socket.write('a')
  await eventually(() => read() === 'a', { what: 'the echo' })
  // There and back.
  expect(performance.now() - began).toBeGreaterThanOrEqual(155)
})

test('resets what is up, and takes new connections', async () => {
  const { proxy, ends } = await proxied()
  const first = await client(proxy.port)
  first.socket.write('a')
  await eventually(() => first.read() === 'a', { what: 'the echo' })
  expect(proxy.reset()).toBe(1)
  await eventually(() => first.closed() && ends.length === 1, { what: 'both ends are gone' })
  expect([first.failure(), ends]).toEqual(['ECONNRESET', ['ECONNRESET']])
  const second = await client(proxy.port)
  second.socket.write('b')
  await eventually(() => second.read() === 'b', { what: 'the echo' })
})

test('refuses new connections until it is released', async () => {
  const { proxy } = await proxied()
  proxy.refusing = true
  const refused = await client(proxy.port)
  await eventually(() => refused.closed(), { what: 'it is turned away' })
  proxy.refusing = false
  const taken = await client(proxy.port)
  taken.socket.write('a')
  await eventually(() => taken.read() === 'a', { what: 'the echo' })
})

test('half-open: the connection stays up, and nothing arrives', async () => {
  const { proxy, heard } = await proxied()
  const { socket, read, closed } = await client(proxy.port)
  socket.write('a')
  await eventually(() => read() === 'a', { what: 'the echo' })
  proxy.swallowing.add('toClient')
  socket.write('b')
  await eventually(() => heard() === 'ab', { what: 'the server hears it' })
  proxy.swallowing.delete('toClient')
  proxy.swallowing.add('toServer')
  socket.write('c')
  // What is sent later on another connection has passed: what was swallowed would have come by then.
  proxy.swallowing.delete('toServer')
  socket.write('d')
  await eventually(() => read().endsWith('d'), { what: 'it passes again' })
  expect(closed()).toBe(false)
  expect(proxy.connections).toBe(1)
})

test('cuts at a chosen byte: all before it has arrived, and nothing after it', async () => {
  const { proxy, heard } = await proxied(() => undefined)
  const rule = proxy.cut({ direction: 'toServer', afterBytes: 7 })
  const { socket, closed } = await client(proxy.port)
  socket.write('1234')
  await eventually(() => heard() === '1234', { what: 'the first piece' })
  socket.write('567890')
  await eventually(closed, { what: 'it is cut' })
  await eventually(() => heard() === '1234567', { what: 'what lies before' })
  expect(rule.done).toBe(1)
  // Used up.
  const next = await client(proxy.port)
  next.socket.write('abcdefghijkl')
  await eventually(() => heard().endsWith('abcdefghijkl'), { what: 'the next connection is whole' })
})

test('cuts before chosen bytes, also where they come in two pieces', async () => {
  const { proxy } = await proxied((_, socket) => {
    socket.write('answer COM')
    setImmediate(() => setImmediate(() => socket.write('MIT and more')))
  })
  const rule = proxy.cut({ direction: 'toClient', before: Buffer.from('COMMIT') })
  const { socket, read, closed } = await client(proxy.port)
  socket.write('go')
  await eventually(closed, { what: 'it is cut' })
  expect(rule.done).toBe(1)
  expect(['answer COM', 'answer ']).toContain(read())
})

test('a rule that was taken back cuts nothing', async () => {
  const { proxy } = await proxied()
  const rule = proxy.cut({ direction: 'toServer', before: Buffer.from('x') })
  rule.cancel()
  const { socket, read } = await client(proxy.port)
  socket.write('xyz')
  await eventually(() => read() === 'xyz', { what: 'the echo' })
  expect(rule.done).toBe(0)
})

test('counts chosen bytes in one direction', async () => {
  const { proxy } = await proxied()
  const there = proxy.count('toServer', Buffer.from('ask'))
  const nothing = proxy.count('toServer', Buffer.from('never'))
  const { socket, read } = await client(proxy.port)
  for (const answered of ['ask', 'ask me ask', 'ask me ask more']) {
    socket.write(answered.slice(read().length))
    await eventually(() => read() === answered, { what: 'the echo' })
  }
  expect([there.seen, nothing.seen]).toEqual([2, 0])
})
