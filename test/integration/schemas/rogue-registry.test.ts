import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createRegistry, type Registry, RegistryError } from '../../../schemas/index.ts'
import { type Answering, registryFront, says } from '../../support/schemas/registry-front.ts'
import { testEnvironment } from '../../support/stack.ts'

const { registryUrl } = await testEnvironment()
const front = await registryFront(registryUrl)
const elsewhere = await registryFront(registryUrl)
const registry = createRegistry({ url: front.url, timeoutMs: 1_000 })

const questions: Readonly<Record<string, (registry: Registry) => Promise<unknown>>> = {
  subjects: each => each.subjects(),
  schemaById: each => each.schemaById(1),
  versionsOf: each => each.versionsOf('s', 1),
  versions: each => each.versions('s'),
  latest: each => each.latest('s'),
  lookup: each => each.lookup('s', 'string'),
  compatible: each => each.compatible('s', 'string'),
  ping: each => each.ping()
}

async function failure(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.catch(thrown => thrown)
  if (error instanceof RegistryError) return error
  throw new Error('it did not fail', { cause: error })
}

/** Characters that the rogue server has sent. */
let sent = 0

function* endless(chunk: string): Generator<string> {
  yield '['
  for (; ; sent += chunk.length) yield chunk
}

describe('a rogue server in the place of the registry', () => {
  it.each(Object.entries(questions))('%s: an answer without an end is not kept', async (_, ask) => {
    front.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      Readable.from(endless(`"${'a'.repeat(65_536)}",`)).pipe(response)
      return true
    })
    sent = 0
    const error = await failure(ask(createRegistry({ url: front.url, timeoutMs: 20_000 })))
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
    const most = Number(/it answers more than (\d+) bytes/.exec(error.message)?.[1])
    // What was sent and not taken is in the buffers of the two sockets.
    expect(sent).toBeLessThan(most + 32 * 1024 * 1024)
  })

  it('a compressed answer counts as what it is made of', async () => {
    const { gzipSync } = await import('node:zlib')
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20))
    front.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
      return true
    })
    expect((await failure(registry.schemaById(1))).message).toMatch(/it answers more than \d+ bytes/)
  })

  it('a drip ends with the time that an answer may take', async () => {
    front.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
      return true
    })
    expect((await failure(registry.subjects())).message).toContain('no answer within 1000 ms')
  })

  it.each(Object.entries(questions))('%s: is not asked of another server', async (_, ask) => {
    front.answer((request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}${request.url}` }).end()
      return true
    })
    const error = await failure(ask(registry))
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
    expect(error.message).toContain('another address')
    expect(elsewhere.asked()).toEqual([])
  })

  const wrong: readonly [string, unknown][] = [
    ['null', null],
    ['a number', 7],
    ['a text', '"text"'],
    ['an object', { schema: 7, id: 'x', version: {}, is_compatible: 'yes', subject: [] }],
    ['a list of objects', [{ subject: 1, version: 'x' }, null]],
    ['no JSON', '<html>not found</html>'],
    ['nothing', '']
  ]
  it.each(wrong)('%s is no answer to anything', async (_, body) => {
    front.answer(says(200, body))
    for (const ask of Object.values(questions))
      expect(await failure(ask(registry))).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
  })

  const notAbsent: readonly [string, Answering][] = [
    ['404 in HTML', says(404, '<html>')],
    ['404 with a code of the web server', says(404, { error_code: 404, message: 'HTTP 404 Not Found' })],
    ['404 without a code', says(404, {})],
    ['400', says(400, { error_code: 400, message: 'bad' })],
    ['401', says(401, { error_code: 40101, message: 'no' })],
    ['403', says(403, '<html>')],
    ['405', says(405, '')],
    ['422', says(422, { error_code: 42201, message: 'no' })],
    ['200 in HTML', says(200, '<html>log in</html>')],
    ['429', says(429, {})],
    ['500', says(500, {})]
  ]
  it.each(notAbsent)('%s does not say that something is not there', async (_, answering) => {
    front.answer(answering)
    for (const ask of Object.values(questions))
      expect(['REGISTRY_UNAVAILABLE', 'REGISTRY_REFUSED', 'REGISTRY_UNAUTHENTICATED', 'REGISTRY_FORBIDDEN']).toContain(
        (await failure(ask(registry))).code
      )
  })

  it('what it says is cut before it comes into an error', async () => {
    front.answer(says(401, { error_code: 40101, message: 'x'.repeat(100_000) }))
    expect((await failure(registry.subjects())).message.length).toBeLessThan(800)
  })
})

describe('what a log in needs', () => {
  it('registers with the credentials of the address', async () => {
    const expected = `Basic ${Buffer.from('some one:p@ss').toString('base64')}`
    front.answer((request, response) => {
      if (request.headers.authorization === expected) return false
      return says(401, { error_code: 40101, message: 'who are you?' })(request, response)
    })
    const withLogin = new URL(front.url)
    withLogin.username = 'some one'
    withLogin.password = 'p@ss'
    const subject = `login.${crypto.randomUUID()}-value`
    const registered = await createRegistry({ url: withLogin.href }).register(subject, {
      type: 'record',
      name: 'Thing',
      fields: []
    })
    expect(registered.version).toBe(1)
  })
})
