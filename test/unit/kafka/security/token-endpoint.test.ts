import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '../../../../core/index.ts'
import { fromTokenEndpoint, readToken } from '../../../../kafka/security/token-endpoint.ts'
import { type Issued, TestAuthority } from '../../../support/kafka/certificates.ts'

it.each<[string, number, string, object]>([
  ['a token', 200, '{"access_token":"abc","expires_in":300}', { value: 'abc', expiresInMs: 300_000 }],
  [
    'a token with a life in text',
    200,
    '{"access_token":"abc","expires_in":"300"}',
    { value: 'abc', expiresInMs: 300_000 }
  ],
  ['a token without a life', 200, '{"access_token":"abc"}', { value: 'abc' }]
])('%s is read', (_, status, text, token) => {
  expect(readToken(status, text)).toEqual(token)
})

it.each<[number, string, string, RegExp]>([
  [
    401,
    '{"error":"invalid_client","error_description":"S3cret"}',
    'KAFKA_AUTHENTICATION',
    /\(invalid_client\): check .*CLIENT_SECRET/
  ],
  [400, '{"error":"invalid_scope"}', 'KAFKA_AUTHENTICATION', /KAFKA_SASL_OAUTHBEARER_SCOPE/],
  [403, 'S3cret', 'KAFKA_AUTHENTICATION', /\(403\)/],
  [503, 'S3cret', 'KAFKA_TOKEN_UNAVAILABLE', /answers 503/],
  [404, '', 'KAFKA_TOKEN_UNAVAILABLE', /TOKEN_ENDPOINT_URL/],
  [302, '', 'KAFKA_TOKEN_UNAVAILABLE', /answers 302/],
  [200, '<html>S3cret', 'KAFKA_TOKEN_UNAVAILABLE', /without an access_token/],
  [200, '{"access_token":"a b"}', 'KAFKA_TOKEN_UNAVAILABLE', /without an access_token/]
])('an answer of %i, %s, is %s', (status, text, code, words) => {
  let failed: unknown
  try {
    readToken(status, text)
  } catch (error) {
    failed = error
  }
  expect(failed).toMatchObject({ code, message: expect.stringMatching(words) })
  expect((failed as Error).message).not.toContain('S3cret')
})

it('the endpoint gets id and secret encoded like a form, and the scope', async () => {
  let seen = ''
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', body => {
      seen = `${request.headers.authorization} ${body}`
      response.end('{"access_token":"abc","expires_in":60}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const tokenEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const login = { mechanism: 'oauthbearer', tokenEndpoint, clientId: 'a:b', clientSecret: 's c' } as const
  const get = fromTokenEndpoint({ ...login, scope: 'kafka', extensions: { logicalCluster: 'lkc-1' } }, silentLogger)
  expect(await get()).toEqual({ value: 'abc', expiresInMs: 60_000, extensions: { logicalCluster: 'lkc-1' } })
  expect(seen).toBe(`Basic ${Buffer.from('a%3Ab:s+c').toString('base64')} grant_type=client_credentials&scope=kafka`)
  server.close()
  await once(server, 'close')
  await expect(get()).rejects.toMatchObject({
    code: 'KAFKA_TOKEN_UNAVAILABLE',
    message: expect.stringMatching(/ECONNREFUSED/)
  })
})

describe('an endpoint with TLS', () => {
  let authority: TestAuthority
  let issued: Issued

  beforeAll(async () => {
    authority = await TestAuthority.create()
    issued = await authority.issue({ name: 'token-endpoint' })
  })
  afterAll(() => authority.remove())

  async function endpoint(status: number, headers: Record<string, string>): Promise<string> {
    const { certificate: cert, key } = issued
    const server = createTlsServer({ cert, key }, (_, response) => {
      response.writeHead(status, headers).end('{"access_token":"abc","expires_in":60}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  }

  const login = (tokenEndpoint: string, tokenEndpointCa?: string) =>
    ({
      mechanism: 'oauthbearer',
      tokenEndpoint,
      clientId: 'a',
      clientSecret: 'S3cret',
      ...(tokenEndpointCa !== undefined && { tokenEndpointCa })
    }) as const

  it('gives a token to one that trusts its CA', async () => {
    const get = fromTokenEndpoint(login(await endpoint(200, {}), authority.pem), silentLogger)
    expect(await get()).toEqual({ value: 'abc', expiresInMs: 60_000 })
  })

  it('of a CA that is not known is not trusted', async () => {
    const get = fromTokenEndpoint(login(await endpoint(200, {})), silentLogger)
    await expect(get()).rejects.toMatchObject({
      code: 'KAFKA_TOKEN_UNAVAILABLE',
      message: expect.stringMatching(/its certificate is not trusted .*: check .*OAUTHBEARER_CA_LOCATION/)
    })
  })

  it('that redirects is not followed: the secret goes to no other host', async () => {
    const url = await endpoint(302, { location: 'https://127.0.0.1:9/other' })
    await expect(fromTokenEndpoint(login(url, authority.pem), silentLogger)()).rejects.toMatchObject({
      code: 'KAFKA_TOKEN_UNAVAILABLE',
      message: expect.stringMatching(/redirects to another address at https:\/\/127.0.0.1:9, which is not followed/)
    })
  })
})
