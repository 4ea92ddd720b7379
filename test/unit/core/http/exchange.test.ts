import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Duplex, duplexPair, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { exchange, type Outgoing } from '../../../../core/http/exchange.ts'

type Answering = (request: IncomingMessage, response: ServerResponse, connection: Duplex) => void

/** An agent whose connections lead to an HTTP server in memory, which listens nowhere. */
class MemoryAgent extends http.Agent {
  readonly made: Duplex[] = []
  readonly #answering: Answering

  constructor(answering: Answering, options: http.AgentOptions = {}) {
    super(options)
    this.#answering = answering
  }

  override createConnection(): Duplex {
    const [ours, theirs] = duplexPair()
    const none = () => ours
    // What an agent calls on a socket.
    for (const end of [ours, theirs])
      Object.assign(end, { setKeepAlive: none, setNoDelay: none, setTimeout: none, ref: none, unref: none })
    this.made.push(ours)
    ours.once('close', () => theirs.destroy())
    http.createServer((request, response) => this.#answering(request, response, ours)).emit('connection', theirs)
    return ours
  }
}

const json = { 'content-type': 'application/json' }
const sent = (agent: http.Agent, more: Partial<Outgoing> = {}) =>
  exchange({
    method: 'GET',
    url: 'http://registry/base/../subjects?a=b',
    headers: { authorization: 'Basic abc' },
    agent,
    timeoutMs: 5_000,
    maxBytes: 1_000,
    ...more
  })

it('sends method, path, headers and body, and gives status and text', async () => {
  const agent = new MemoryAgent(async (request, response) => {
    const { method, url, headers } = request
    const body = (await request.toArray()).join('')
    const { authorization, 'content-length': length } = headers
    response.writeHead(422, json).end(JSON.stringify({ method, url, authorization, length, body }))
  })
  const { status, text, isHtml } = await sent(agent, { method: 'POST', body: 'ä' })
  expect([status, isHtml]).toEqual([422, false])
  expect(JSON.parse(text)).toEqual({
    method: 'POST',
    url: '/subjects?a=b',
    authorization: 'Basic abc',
    length: '2',
    body: 'ä'
  })
})

it('decompresses what is compressed, and counts what that makes', async () => {
  const answers = [Buffer.from('"short"'), Buffer.alloc(50_000_000, 0x20)]
  const agent = new MemoryAgent((_, response) =>
    response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(answers.shift() as Buffer))
  )
  expect((await sent(agent)).text).toBe('"short"')
  await expect(sent(agent)).rejects.toThrow('it answers more than 1000 bytes')
})

it('refuses a compression that it did not ask for', async () => {
  const agent = new MemoryAgent((_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('a'))
  await expect(sent(agent)).rejects.toThrow('compressed in a way that was not asked for')
})

it('ends an answer without an end, and its connection', async () => {
  function* endless(): Generator<string> {
    for (;;) yield 'a'.repeat(100)
  }
  const agent = new MemoryAgent((_, response) => void Readable.from(endless()).pipe(response))
  await expect(sent(agent)).rejects.toThrow('it answers more than 1000 bytes')
  expect(agent.made[0]?.destroyed).toBe(true)
})

it('waits for an answer, and for all of it, as long as it may', async () => {
  const silent = new MemoryAgent(() => undefined)
  await expect(sent(silent, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms')
  const half = new MemoryAgent((_, response) => void response.writeHead(200, json).write('['))
  await expect(sent(half, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms')
  for (const { made } of [silent, half]) expect(made[0]?.destroyed).toBe(true)
})

it.each([
  ['https://login.example/?token=S3cret', /at https:\/\/login\.example, which is not followed/],
  ['/elsewhere', /to another address, which is not followed/]
])('does not follow a redirect to %s', async (location, words) => {
  const agent = new MemoryAgent((_, response) => response.writeHead(307, { location }).end())
  const error: unknown = await sent(agent).catch(thrown => thrown)
  expect((error as Error).message).toMatch(words)
  expect((error as Error).message).not.toContain('S3cret')
  expect(agent.made).toHaveLength(1)
})

it('sees a web page', async () => {
  const agent = new MemoryAgent((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>')
  )
  expect(await sent(agent)).toEqual({ status: 200, text: '<html>', isHtml: true })
})

const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })

it('asks again, once, when an idle connection turns out to be closed', async () => {
  let requests = 0
  const agent = new MemoryAgent(
    (_, response, connection) => {
      requests += 1
      if (requests === 2) connection.destroy(reset)
      else response.writeHead(200, json).end(String(requests))
    },
    { keepAlive: true }
  )
  expect((await sent(agent)).text).toBe('1')
  expect((await sent(agent)).text).toBe('3')
  expect(agent.made).toHaveLength(2)
})

it('does not ask again when a new connection is closed', async () => {
  const agent = new MemoryAgent((_, __, connection) => void connection.destroy(reset))
  await expect(sent(agent)).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(agent.made).toHaveLength(1)
})
