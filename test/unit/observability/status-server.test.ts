import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Health } from '../../../observability/health.ts'
import { createStatusServer, type StatusServerOptions } from '../../../observability/prometheus/status-server.ts'

const well: Health = { notReady: [], dead: [] }

async function served(options: Partial<StatusServerOptions> = {}) {
  const server = await createStatusServer({
    port: 0,
    host: '127.0.0.1',
    health: () => well,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    ...options
  })
  onTestFinished(() => server.close())
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { server, ask }
}

test('says that it lives and is ready, and why not', async () => {
  let health: Health = well
  const { ask } = await served({ health: () => health })
  for (const [path, status] of [
    ['/livez', 'alive'],
    ['/readyz', 'ready']
  ] as const) {
    const answer = await ask(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(JSON.parse(answer.text)).toEqual({ status })
  }
  health = { notReady: ['Kafka is unreachable'], dead: [] }
  expect((await ask('/livez')).status).toBe(200)
  const waiting = await ask('/readyz?verbose')
  expect(waiting.status).toBe(503)
  expect(JSON.parse(waiting.text)).toEqual({ status: 'not ready', reasons: ['Kafka is unreachable'] })
  health = { notReady: ['Kafka is unreachable'], dead: ['nothing turns'] }
  const dead = await ask('/livez')
  expect(dead.status).toBe(503)
  expect(JSON.parse(dead.text)).toEqual({ status: 'dead', reasons: ['nothing turns'] })
  expect(JSON.parse((await ask('/readyz')).text).reasons).toEqual(['nothing turns', 'Kafka is unreachable'])
})

test('gives the metrics as they are', async () => {
  const { ask } = await served()
  const { status, text, headers } = await ask('/metrics')
  expect([status, text, headers.get('content-type')]).toEqual([200, 'up 1\n', 'text/plain; version=0.0.4'])
  const head = await ask('/metrics', { method: 'HEAD' })
  expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '5'])
})

test('computes the metrics at most once a second, for all clients', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  let computed = 0
  const { ask } = await served({ metrics: async () => ({ contentType: 'text/plain', body: `${++computed}` }) })
  const answers = await Promise.all(Array.from({ length: 16 }, () => ask('/metrics')))
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['1']))
  vi.advanceTimersByTime(1_000)
  expect((await ask('/metrics')).text).toBe('2')
  expect(answers[0]?.headers.get('x-content-type-options')).toBe('nosniff')
})

// By itself Node waits for the rest of a question for a minute.
test('holds 64 connections, and those that do not finish their question for a moment only', {
  timeout: 30_000
}, async () => {
  const { server, ask } = await served()
  const open = () => {
    const socket = connect(server.port, '127.0.0.1')
      .resume()
      .on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    socket.write('GET /livez HTTP/1.1\r\n')
    return new Promise(resolve => socket.on('close', resolve))
  }
  await Promise.all(Array.from({ length: 200 }, open))
  expect((await ask('/livez')).status).toBe(200)
})

test('has no other page and takes nothing', async () => {
  const { ask } = await served()
  for (const path of ['/', '/metrics/', '/constructor', '/%00']) expect((await ask(path)).status).toBe(404)
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const { status, headers } = await ask('/readyz', { method })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  }
})

test('what fails inside is not shown', async () => {
  const { ask } = await served({ metrics: () => Promise.reject(new Error('Ada Lovelace')) })
  const { status, text } = await ask('/metrics')
  expect(status).toBe(500)
  expect(text).not.toContain('Ada')
})

test('a port that is in use, and an address of another machine, are reported in words', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  await expect(served({ port })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `--status-port or EVENTTRAIL_STATUS_PORT: port ${port} of 127.0.0.1 is in use: give another one, or 0 for a free one`
  })
  await expect(served({ host: '192.0.2.1' })).rejects.toThrow('EVENTTRAIL_STATUS_HOST is no address of this machine')
})

test('closes at once, also while a client keeps a connection open', async () => {
  const { server, ask } = await served()
  await ask('/livez')
  await Promise.all([server.close(), server.close()])
  await expect(ask('/livez')).rejects.toThrow()
})
