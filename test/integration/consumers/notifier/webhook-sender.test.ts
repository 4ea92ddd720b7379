import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type WebhookOptions, WebhookSender } from '../../../../consumers/notifier/index.ts'
import { certificateAuthority } from '../../../support/schemas/certificates.ts'

const inTest = { allowHttp: true, allowedNetworks: ['127.0.0.1'] }
const headers = { 'webhook-id': '1' }

/** A receiver on a free port of 127.0.0.1, until the test ends. */
async function receiver(answer: RequestListener, server: Server = createServer()) {
  const seen: string[] = []
  let connections = 0
  server.on('connection', () => (connections += 1))
  server.on('request', (request, response) => {
    seen.push(`${request.method} ${request.url} host ${request.headers.host}`)
    answer(request, response)
  })
  // A client that ends the handshake.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, seen, connections: () => connections }
}

/** What becomes of one call: the status, or the code of the error and of its cause. */
const call = (url: string, options: WebhookOptions = inTest) =>
  new WebhookSender(options).post(url, headers, '{}').then(
    ({ status }) => status,
    (error: { code: string; cause?: { code: string }; message: string }) => {
      // Where an endpoint is may be a secret of its owner.
      expect(error.message).not.toContain('127.0.0.1')
      return [error.code, ...(error.cause ? [error.cause.code] : [])].join(' ')
    }
  )

test('the status is handed on, whatever it is, and Retry-After with it', async () => {
  const { port, seen } = await receiver((request, response) => {
    response.writeHead(Number(request.url?.slice(1, 4)), { 'retry-after': '120' }).end('thank you')
  })
  for (const status of [200, 204, 404, 410, 429, 500])
    expect(await call(`http://127.0.0.1:${port}/${status}`)).toBe(status)
  const answer = await new WebhookSender(inTest).post(`http://127.0.0.1:${port}/503?a=b`, headers, '{}')
  expect(answer).toEqual({ status: 503, retryAfterMs: 120_000 })
  expect(seen.at(-1)).toBe(`POST /503?a=b host 127.0.0.1:${port}`)
})

test('a redirect is an answer, and is not followed', async () => {
  const inside = await receiver((_, response) => response.end())
  const { port } = await receiver((_, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end()
  )
  expect(await call(`http://127.0.0.1:${port}/`)).toBe(307)
  expect(inside.connections()).toBe(0)
})

test('one that stalls is given up in time: before it answers, within its answer, and where its name is looked up', async () => {
  const silent = await receiver(() => undefined)
  expect(await call(`http://127.0.0.1:${silent.port}/`, { ...inTest, timeoutMs: 200 })).toBe('WEBHOOK_TIMEOUT')
  // A name that no server of names answers for.
  const resolve = () => new Promise<never>(() => undefined)
  expect(await call('http://hooks.example.org/', { allowHttp: true, timeoutMs: 200, resolve })).toBe('WEBHOOK_TIMEOUT')
  // The status was there: what follows is of no use.
  const halting = await receiver((_, response) => void response.writeHead(200).write('a'))
  expect(await call(`http://127.0.0.1:${halting.port}/`, { ...inTest, timeoutMs: 200 })).toBe(200)
})

test('a body without an end is cut off, and headers without an end are no answer', async () => {
  const chunk = Buffer.alloc(65_536)
  const endless = await receiver((_, response) => {
    const more = (): void => {
      while (response.writable && response.write(chunk));
    }
    response.writeHead(200).on('drain', more)
    more()
  })
  expect(await call(`http://127.0.0.1:${endless.port}/`)).toBe(200)
  const wordy = await receiver((_, response) => response.writeHead(200, { 'x-words': 'a'.repeat(20_000) }).end())
  expect(await call(`http://127.0.0.1:${wordy.port}/`)).toBe('WEBHOOK_UNREACHABLE HPE_HEADER_OVERFLOW')
})

test('an answer that is none, and no answer', async () => {
  const broken = await receiver((request, response) => {
    response.socket?.end('no HTTP at all\r\n\r\n')
    request.resume()
  })
  expect(await call(`http://127.0.0.1:${broken.port}/`)).toMatch(/^WEBHOOK_UNREACHABLE HPE_/)
  const cut = await receiver(request => request.socket.destroy())
  expect(await call(`http://127.0.0.1:${cut.port}/`)).toBe('WEBHOOK_UNREACHABLE ECONNRESET')
  expect(await call('http://127.0.0.1:1/')).toBe('WEBHOOK_UNREACHABLE ECONNREFUSED')
})

test('a name that leads inside is refused before anything is connected', async () => {
  const { port, connections } = await receiver((_, response) => response.end())
  const resolving = (...addresses: string[]): WebhookOptions => ({
    allowHttp: true,
    resolve: async () => addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  })
  const url = `http://hooks.example.org:${port}/`
  expect(await call(url, resolving('127.0.0.1'))).toBe('TARGET_REFUSED')
  expect(await call(url, resolving('::ffff:127.0.0.1'))).toBe('TARGET_REFUSED')
  expect(await call(url, resolving('169.254.169.254'))).toBe('TARGET_REFUSED')
  // One of several is enough.
  expect(await call(url, resolving('1.1.1.1', '10.0.0.1'))).toBe('TARGET_REFUSED')
  expect(await call(url, resolving())).toBe('TARGET_REFUSED')
  expect(connections()).toBe(0)
})

test('the connection goes to the address that was checked: a name that changes in between leads nowhere else', async () => {
  const { port, seen, connections } = await receiver((_, response) => response.end())
  const answers = ['127.0.0.1', '10.0.0.1']
  let lookups = 0
  const options = { ...inTest, resolve: async () => [{ address: answers[lookups++] ?? '', family: 4 }] }
  const url = `http://hooks.example.org:${port}/`
  expect(await call(url, options)).toBe(200)
  expect(seen).toEqual([`POST / host hooks.example.org:${port}`])
  expect(lookups).toBe(1)
  // Each attempt asks again, and checks again.
  expect(await call(url, options)).toBe('TARGET_REFUSED')
  expect([lookups, connections()]).toEqual([2, 1])
})

test.each([
  'http://127.0.0.1',
  'http://2130706433',
  'http://0x7f.1',
  'http://0177.1',
  'http://[::1]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]'
])('%s is refused without a look-up', async address => {
  const { port, connections } = await receiver((_, response) => response.end())
  const options = { allowHttp: true, resolve: () => Promise.reject(new Error('asked')) }
  expect(await call(`${address}:${port}/`, options)).toBe('TARGET_REFUSED')
  expect(connections()).toBe(0)
})

test('localhost is a name like any other, and http is refused unless it is allowed', async () => {
  const { port, connections } = await receiver((_, response) => response.end())
  expect(await call(`http://localhost:${port}/`, { allowHttp: true })).toBe('TARGET_REFUSED')
  expect(await call(`http://127.0.0.1:${port}/`, { allowedNetworks: ['127.0.0.1'] })).toBe('TARGET_REFUSED')
  expect(await call('http://169.254.169.254/latest/meta-data', { allowHttp: true })).toBe('TARGET_REFUSED')
  expect(connections()).toBe(0)
})

test('https: by a CA that is known, for the name in the URL, and no other', async () => {
  const authority = await certificateAuthority()
  const { key, certificate: cert } = await authority.issue()
  const { port, seen } = await receiver((_, response) => response.end(), createTlsServer({ key, cert }))
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
  const allowedNetworks = ['127.0.0.1']
  const ca = authority.ca
  expect(await call(`https://localhost:${port}/`, { allowedNetworks, resolve, ca })).toBe(200)
  expect(await call(`https://other.example.org:${port}/`, { allowedNetworks, resolve, ca })).toBe(
    'WEBHOOK_UNREACHABLE ERR_TLS_CERT_ALTNAME_INVALID'
  )
  expect(await call(`https://localhost:${port}/`, { allowedNetworks, resolve })).toMatch(
    /^WEBHOOK_UNREACHABLE (?:SELF_SIGNED|UNABLE_TO)/
  )
  expect(seen).toHaveLength(1)
})
