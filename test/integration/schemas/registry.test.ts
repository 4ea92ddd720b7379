import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import {
  type AvroRecord,
  composeEnvelope,
  createRegistry,
  eventNameOf,
  type Registry,
  RegistryError
} from '../../../schemas/index.ts'
import { changes } from '../../support/schemas/evolution-cases.ts'
import { testEnvironment } from '../../support/stack.ts'

const { registryUrl, topicPrefix } = await testEnvironment()
const registry = createRegistry({ url: registryUrl })
let subjects = 0
const freshSubject = () => `${topicPrefix}thing.done${++subjects}-value`
const envelopeOf = (fields: AvroRecord['fields']) =>
  composeEnvelope('thing.done', { type: 'record', name: 'ThingDone', doc: 'A thing was done.', fields })
const a = { name: 'a', type: 'int', doc: 'A number.' }
const b = { name: 'b', type: 'int', default: 0, doc: 'Another.' }

async function failure(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.catch(thrown => thrown)
  if (error instanceof RegistryError) return error
  throw new Error('it did not fail', { cause: error })
}

describe('the registry', () => {
  it('registers versions, finds them and gives them back', async () => {
    const subject = freshSubject()
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    const [one, two] = [envelopeOf([a]), envelopeOf([a, b])]
    expect(await registry.lookup(subject, one)).toBeUndefined()
    const first = await registry.register(subject, one)
    const second = await registry.register(subject, two)
    expect([first.version, second.version]).toEqual([1, 2])
    expect(second.id).not.toBe(first.id)
    expect(await registry.lookup(subject, one)).toEqual(first)
    expect(await registry.latest(subject)).toEqual({ ...second, schema: two })
    expect(await registry.schemaAt(subject, 1)).toEqual({ ...first, schema: one })
    expect(await registry.versions(subject)).toEqual([1, 2])
    expect(await registry.schemaById(first.id)).toEqual(one)
    expect(eventNameOf(await registry.schemaById(second.id))).toBe('thing.done')
    expect(await registry.versionsOf(subject, second.id)).toEqual([2])
    expect((await registry.subjects()).names).toContain(subject)
    await registry.ping()
  })

  it('finds a schema again that is registered twice', async () => {
    const subject = freshSubject()
    const first = await registry.register(subject, envelopeOf([a]))
    expect(await registry.register(subject, envelopeOf([a]))).toEqual(first)
    expect(await registry.versions(subject)).toEqual([1])
  })

  it('finds a schema whose attributes are in another order', async () => {
    const subject = freshSubject()
    const schema = envelopeOf([a])
    const registered = await registry.register(subject, schema)
    const shuffled = Object.fromEntries(Object.entries(schema).toReversed()) as AvroRecord
    expect(JSON.stringify(shuffled)).not.toBe(JSON.stringify(schema))
    expect(await registry.lookup(subject, shuffled)).toEqual(registered)
    expect(await registry.register(subject, shuffled)).toEqual(registered)
    expect(await registry.lookup(subject, envelopeOf([{ ...a, doc: 'Other words.' }]))).toBeUndefined()
  })

  it('distinguishes the versions of one id by subject', async () => {
    const [one, other] = [freshSubject(), freshSubject()]
    const shared = envelopeOf([a, b, { ...b, name: 'c' }])
    await registry.register(one, envelopeOf([a]))
    const inOne = await registry.register(one, shared)
    const inOther = await registry.register(other, shared)
    expect(inOther.id).toBe(inOne.id)
    expect([await registry.versionsOf(one, inOne.id), await registry.versionsOf(other, inOne.id)]).toEqual([[2], [1]])
    expect(await registry.versionsOf(freshSubject(), inOne.id)).toEqual([])
  })

  it('says what it does not know', async () => {
    const subject = freshSubject()
    expect(await failure(registry.schemaById(2 ** 30))).toMatchObject({ code: 'SCHEMA_UNKNOWN', retryable: false })
    expect(await failure(registry.latest(subject))).toMatchObject({ code: 'SUBJECT_UNKNOWN', retryable: false })
    expect(await failure(registry.versions(subject))).toMatchObject({ code: 'SUBJECT_UNKNOWN' })
    expect(await failure(registry.schemaAt(subject, 3))).toMatchObject({ code: 'SUBJECT_UNKNOWN' })
    expect(await registry.versionsOf(subject, 2 ** 30)).toEqual([])
    expect(await registry.compatible(subject, envelopeOf([a]))).toEqual({ compatible: true, messages: [] })
  })

  it('refuses what does not fit, with its reason', async () => {
    const subject = freshSubject()
    await registry.register(subject, envelopeOf([]))
    const refused = await failure(registry.register(subject, envelopeOf([a])))
    expect(refused).toMatchObject({ code: 'REGISTRY_REFUSED', retryable: false })
    expect(refused.message).toMatch(/409.*[Ii]ncompatible/)
    // A hyphen in a namespace is what the event names' rule keeps out.
    const hyphen = { ...envelopeOf([a]), namespace: 'eventtrail.thing-done' }
    expect(await failure(registry.register(freshSubject(), hyphen))).toMatchObject({ code: 'REGISTRY_REFUSED' })
  })

  it('does not register where another compatibility is set', async () => {
    const subject = freshSubject()
    await fetch(`${registryUrl}/config/${subject}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ compatibility: 'BACKWARD' })
    })
    const refused = await failure(registry.register(subject, envelopeOf([])))
    expect(refused.code).toBe('REGISTRY_REFUSED')
    expect(refused.message).toMatch(/refuses to register a schema for \S+: .*FULL_TRANSITIVE != BACKWARD/)
  })

  it('does not take a schema that is no Avro for one', async () => {
    const subject = freshSubject()
    const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schemaType: 'JSON', schema: '{"$schema":"http://json-schema.org/draft-07/schema#"}' })
    })
    const { id } = (await answer.json()) as { id: number }
    expect(await failure(registry.schemaById(id))).toMatchObject({ code: 'SCHEMA_UNSUPPORTED', retryable: false })
  })

  it('asks once for equal calls that are under way together', async () => {
    const counted = await countingProxy(registryUrl)
    const through = createRegistry({ url: counted.url })
    const { id } = await registry.register(freshSubject(), envelopeOf([a]))
    const before = counted.requests()
    const answers = await Promise.all(Array.from({ length: 50 }, () => through.schemaById(id)))
    expect(new Set(answers).size).toBe(1)
    expect(counted.requests() - before).toBe(1)
    await through.schemaById(id)
    expect(counted.requests() - before).toBe(2)
    await counted.close()
  })
})

describe('our rules and the registry agree', () => {
  it.each(changes)('$name', async ({ older, newer, fault, stricter = false }) => {
    const subject = freshSubject()
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    await registry.register(subject, envelopeOf(older))
    const { compatible } = await registry.compatible(subject, envelopeOf(newer))
    expect(compatible).toBe(!fault || stricter)
  })

  it('on the example', async () => {
    for (const eventName of catalogue.eventNames) {
      const subject = freshSubject()
      for (const { envelope, version } of catalogue.versions(eventName))
        expect(await registry.register(subject, envelope)).toMatchObject({ version })
    }
  })
})

describe('an unreachable registry', () => {
  const calls: readonly [string, (registry: Registry) => Promise<unknown>][] = [
    ['schemaById', each => each.schemaById(1)],
    ['lookup', each => each.lookup('s', 'string')],
    ['register', each => each.register('s', envelopeOf([]))],
    ['ping', each => each.ping()]
  ]

  it.each(calls)('%s: nothing listens', async (_, call) => {
    const port = await closedPort()
    const error = await failure(call(createRegistry({ url: `http://user:secret@127.0.0.1:${port}` })))
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.message).not.toContain('secret')
  })

  it.each(calls)('%s: no answer comes', async (_, call) => {
    const silent = await listen(() => undefined)
    const error = await failure(call(createRegistry({ url: silent.url, timeoutMs: 50 })))
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
    expect(error.message).toContain('no answer within 50 ms')
    await silent.close()
  })

  it('something else listens there', async () => {
    const other = createRegistry({ url: new URL('/nowhere', registryUrl).href })
    const questions = [
      () => other.subjects(),
      () => other.schemaById(1),
      () => other.versionsOf('s', 1),
      () => other.lookup('s', 'string')
    ]
    for (const ask of questions) {
      const error = await failure(ask())
      expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
      expect(error.message).toContain('Is the address right?')
    }
  })
})

async function listen(onConnection: (socket: import('node:net').Socket) => void) {
  const server = createServer(onConnection)
  const sockets = new Set<import('node:net').Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>(resolve => server.close(() => resolve()))
    }
  }
}

async function closedPort(): Promise<number> {
  const server = await listen(() => undefined)
  await server.close()
  return server.port
}

/** Passes everything on to the real registry and counts the requests. */
async function countingProxy(target: string) {
  const { createServer: createHttpServer } = await import('node:http')
  let requests = 0
  const server = createHttpServer(async (request, response) => {
    requests += 1
    const answer = await fetch(target + request.url)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const close = () =>
    new Promise<void>(resolve => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, close }
}
