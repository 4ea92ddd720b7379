import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createRegistry, type RegistryConnection, RegistryError } from '../../../schemas/index.ts'
import { registerCatalogue } from '../../../schemas/registry/register.ts'
import { runCli } from '../../support/processes/cli.ts'
import { certificateAuthority } from '../../support/schemas/certificates.ts'
import { registryFront, says } from '../../support/schemas/registry-front.ts'
import { secureFront } from '../../support/schemas/secure-front.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { registryUrl, topicPrefix } = environment
const authority = await certificateAuthority()
const stranger = await certificateAuthority()
const certificate = await authority.issue()
const client = await authority.issue('DNS:client')
const tls = { ca: { file: authority.caFile } }

const basic = (userInfo: string) => {
  const expected = `Basic ${Buffer.from(userInfo).toString('base64')}`
  return (authorization: string | undefined) => authorization === expected
}

async function failure(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.catch(thrown => thrown)
  if (error instanceof RegistryError) return error
  throw new Error('it did not fail', { cause: error })
}

const freshSubject = () => `${topicPrefix}${crypto.randomUUID()}-value`
const thing = (doc?: string) => ({ type: 'record', name: 'Thing', fields: [], ...(doc && { doc }) }) as const
const ping = (connection: RegistryConnection) => createRegistry({ ...connection, timeoutMs: 5_000 }).ping()

describe('a registry with TLS and a login', () => {
  it('gets the login with every request, also with those of the library', async () => {
    const front = await secureFront(registryUrl, { certificate, isLogin: basic('me:S3cret') })
    const registry = createRegistry({ url: front.url, tls, auth: { basic: { username: 'me', password: 'S3cret' } } })
    const subject = freshSubject()
    await registry.ping()
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    const { id, version } = await registry.register(subject, thing())
    expect(version).toBe(1)
    expect(await registry.versions(subject)).toEqual([1])
    expect(await registry.versionsOf(subject, id)).toEqual([1])
    expect(await registry.schemaById(id)).toEqual(thing())
    expect(await registry.compatible(subject, thing('more'))).toMatchObject({ compatible: true })
    expect((await registry.subjects()).names).toContain(subject)
    expect(front.refused()).toBe(0)
    expect(front.asked().length).toBeGreaterThan(9)
    // One connection is used again and again.
    expect(front.connections()).toBe(1)
  })

  it('follows a password in a file, and a certificate of another CA, without a new client', async () => {
    const front = await secureFront(registryUrl, { certificate, isLogin: basic('me:one') })
    const passwordFile = join(authority.folder, 'password')
    const caFile = join(authority.folder, 'trusted.pem')
    writeFileSync(passwordFile, 'one\n')
    writeFileSync(caFile, authority.ca)
    const registry = createRegistry({
      url: front.url,
      tls: { ca: { file: caFile } },
      auth: { basic: { username: 'me', password: { file: passwordFile } } }
    })
    await registry.ping()
    front.login(basic('me:two'))
    expect((await failure(registry.ping())).code).toBe('REGISTRY_UNAUTHENTICATED')
    writeFileSync(passwordFile, 'two\n')
    await registry.ping()
    front.rotate(await stranger.issue())
    expect((await failure(registry.ping())).code).toBe('REGISTRY_UNTRUSTED')
    writeFileSync(caFile, authority.ca + stranger.ca)
    await registry.ping()
  })

  it('is shown the certificate of the client', async () => {
    const front = await secureFront(registryUrl, { certificate, clientCa: authority.ca })
    const own = { certificate: { file: client.certificateFile }, key: { file: client.keyFile } }
    await ping({ url: front.url, tls: { ...tls, ...own } })
    const missing = await failure(ping({ url: front.url, tls }))
    // A server that closes the connection without an alert gets other words.
    expect(['REGISTRY_UNTRUSTED', 'REGISTRY_UNAVAILABLE']).toContain(missing.code)
    expect(missing.message).toMatch(/certificate of (this client|clients).*SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION/)
  })

  it('gets connections again after it has closed idle ones', async () => {
    const front = await secureFront(registryUrl, { certificate })
    const registry = createRegistry({ url: front.url, tls })
    for (let times = 0; times < 3; times += 1) {
      await registry.ping()
      front.closeConnections()
    }
    await registry.ping()
  })

  it('is used by commands, with what the environment says', async () => {
    const front = await secureFront(registryUrl, { certificate, isLogin: basic('me:S3cret') })
    const env = {
      ...environment.env,
      TOPIC_PREFIX: `${topicPrefix}cli.`,
      SCHEMA_REGISTRY_URL: front.url,
      SCHEMA_REGISTRY_SSL_CA_LOCATION: authority.caFile,
      SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: 'me:S3cret'
    }
    const registered = await runCli(['schemas', 'register', '--example'], env)
    // The database of this stack has no trail.
    expect(registered).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^fields\.json of 3 events not stored.*\n$/)
    })
    expect((await runCli(['schemas', 'check', '--example', '--against-registry'], env)).code).toBe(0)
    expect((await runCli(['doctor'], env)).stdout).toMatch(/ok +registry +reached/)
    expect(front.refused()).toBe(0)
    const wrong = { ...env, SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: 'me:S3cret2' }
    const refused = await runCli(['schemas', 'register', '--example'], wrong)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/refuses the login \(401\): check .*SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO/)
    const { stdout } = await runCli(['doctor'], wrong)
    expect(stdout).toMatch(/WRONG +registry +.*SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO/)
    expect(stdout + refused.stderr).not.toContain('S3cret')
  })
})

describe('what fails has words that name the setting', () => {
  it('at once, for each of them', async () => {
    const front = await secureFront(registryUrl, { certificate, isLogin: basic('me:S3cret') })
    const plain = await secureFront(registryUrl, {})
    const elsewhere = await secureFront(registryUrl, { certificate: await authority.issue('DNS:registry.test') })
    const old = await secureFront(registryUrl, { certificate: await authority.issue(undefined, -1) })
    const cases: readonly [RegistryConnection, string, RegExp][] = [
      [{ url: front.url }, 'REGISTRY_UNTRUSTED', /CA that is not trusted.*SCHEMA_REGISTRY_SSL_CA_LOCATION/],
      [{ url: elsewhere.url, tls }, 'REGISTRY_UNTRUSTED', /another name.*registry\.test.*SCHEMA_REGISTRY_URL/],
      [{ url: old.url, tls }, 'REGISTRY_UNTRUSTED', /has expired/],
      [{ url: plain.url.replace('http:', 'https:'), tls }, 'REGISTRY_UNTRUSTED', /does not speak TLS.*http:\/\//],
      [{ url: front.url.replace('https:', 'http:') }, 'REGISTRY_UNAVAILABLE', /speaks TLS.*https:\/\//],
      [{ url: front.url, tls }, 'REGISTRY_UNAUTHENTICATED', /none is configured: set SCHEMA_REGISTRY_BASIC_AUTH_USER/],
      [
        { url: front.url, tls, auth: { basic: { username: 'me', password: 'S3cret2' } } },
        'REGISTRY_UNAUTHENTICATED',
        /refuses the login \(401\): check user name and password in SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO/
      ],
      [
        { url: front.url.replace('//', '//me:S3cret2@'), tls },
        'REGISTRY_UNAUTHENTICATED',
        /check user name and password in SCHEMA_REGISTRY_URL/
      ],
      [{ url: front.url, tls, auth: { bearer: 'S3cret2' } }, 'REGISTRY_UNAUTHENTICATED', /BEARER_AUTH_TOKEN/]
    ]
    for (const [connection, code, words] of cases) {
      const began = performance.now()
      const error = await failure(ping(connection))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(words)
      expect(error.message).not.toContain('S3cret')
      expect(performance.now() - began).toBeLessThan(5_000)
    }
    await ping({ url: elsewhere.url, tls: { ...tls, serverName: 'registry.test' } })
  })

  it('a missing right, a web page, a redirect', async () => {
    const front = await secureFront(registryUrl, { certificate })
    front.answer(says(403, { error_code: 40301, message: 'Forbidden' }))
    const connection = { url: front.url, tls, auth: { bearer: 'abc' } }
    const forbidden = await failure(createRegistry(connection).versions('a-value'))
    expect(forbidden).toMatchObject({ code: 'REGISTRY_FORBIDDEN', retryable: false, misconfigured: true })
    expect(forbidden.message).toMatch(/forbids GET \/subjects\/a-value\/versions \(403\): .*Forbidden/)
    front.answer(says(200, '<html>Log in</html>', /./, { 'content-type': 'text/html' }))
    expect((await failure(ping(connection))).message).toMatch(/a web page answers there \(200\)/)
    const elsewhere = await registryFront(registryUrl)
    front.answer((_, response) => {
      response.writeHead(302, { location: elsewhere.url }).end()
      return true
    })
    expect((await failure(ping(connection))).message).toMatch(/redirects to another address at http:\/\/127/)
    expect(elsewhere.asked()).toEqual([])
  })
})

describe('several servers of one registry', () => {
  it('are tried in turn, and one that is away is not asked first', async () => {
    const away = await secureFront(registryUrl, {})
    const there = await secureFront(registryUrl, {})
    const registry = createRegistry({ url: [away.url, there.url], timeoutMs: 5_000 })
    away.answer(says(503, {}))
    await registry.ping()
    await registry.ping()
    await registry.register(freshSubject(), thing())
    expect(away.asked()).toHaveLength(1)
    there.answer(says(503, {}))
    away.answer(() => false)
    await registry.ping()
    there.asked()
    await registry.ping()
    expect(there.asked()).toEqual([])
  })

  it('are all named when none answers', async () => {
    const error = await failure(ping({ url: ['http://127.0.0.1:1/a', 'http://127.0.0.1:1/b'] }))
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
    expect(error.message).toMatch(/127\.0\.0\.1:1\/a is unreachable.*127\.0\.0\.1:1\/b is unreachable/)
  })
})

it('registering again needs no right to change anything', async () => {
  const front = await secureFront(registryUrl, {})
  const registry = createRegistry({ url: front.url })
  const prefix = `${topicPrefix}again.`
  for await (const { state } of registerCatalogue(catalogue, registry, prefix)) expect(state).toBe('registered')
  front.answer((request, response) => {
    if (request.method === 'GET') return false
    // A lookup is a POST that changes nothing.
    if (request.method === 'POST' && /\/subjects\/[^/]+$/.test(request.url ?? '')) return false
    return says(403, { error_code: 40301, message: 'Forbidden' })(request, response)
  })
  for await (const { state } of registerCatalogue(catalogue, registry, prefix)) expect(state).toBe('there already')
})

it('a lookup compares with the text that the registry returns', async () => {
  const front = await secureFront(registryUrl, {})
  const registry = createRegistry({ url: front.url })
  const subject = freshSubject()
  const { id } = await registry.register(subject, thing('as registered'))
  // As newer versions of Apicurio have it: what differs in words alone is found.
  front.answer((request, response) => {
    if (request.method !== 'POST') return false
    const body = { subject, id, version: 1, schema: JSON.stringify(thing('as registered')) }
    return says(200, body)(request, response)
  })
  expect(await registry.lookup(subject, thing('as registered'))).toEqual({ id, version: 1 })
  expect(await registry.lookup(subject, thing('edited'))).toBeUndefined()
  const refused = await failure(registry.register(subject, thing('edited')))
  expect(refused.code).toBe('REGISTRY_REFUSED')
  expect(refused.message).toContain('differs from it in words or order alone')
})
