import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '../../../../core/index.ts'
import { fromTokenEndpoint, readToken } from '../../../../kafka/security/token-endpoint.ts'
import { Tokens } from '../../../../kafka/security/tokens.ts'

/** Numbered tokens of a given life, by a clock that the test sets. */
function counted(lifeMs: number | undefined) {
  const state = { now: 0, asked: 0, fails: false }
  const fetch = async () => {
    state.asked += 1
    if (state.fails) throw new Error('no token')
    return { value: `token${state.asked}`, ...(lifeMs !== undefined && { expiresInMs: lifeMs }) }
  }
  return { state, tokens: new Tokens(fetch, silentLogger, () => state.now) }
}

it('a token is used for 80 % of its life', async () => {
  const { state, tokens } = counted(100_000)
  for (const [now, value] of [
    [0, 'token1'],
    [79_999, 'token1'],
    [80_000, 'token2'],
    [159_999, 'token2'],
    [160_000, 'token3']
  ] as const) {
    state.now = now
    expect((await tokens.get()).value).toBe(value)
  }
})

it('is never handed out with less than 15 s left', async () => {
  const { state, tokens } = counted(40_000)
  await tokens.get()
  state.now = 24_999
  expect((await tokens.get()).value).toBe('token1')
  state.now = 25_000
  expect((await tokens.get()).value).toBe('token2')
})

it('is asked for each time where its life is unknown or short', async () => {
  for (const life of [undefined, 10_000]) {
    const { tokens } = counted(life)
    expect([(await tokens.get()).value, (await tokens.get()).value]).toEqual(['token1', 'token2'])
  }
})

it('callers at the same time share a request', async () => {
  const { state, tokens } = counted(100_000)
  const got = await Promise.all([tokens.get(), tokens.get(), tokens.get()])
  expect([state.asked, new Set(got).size]).toEqual([1, 1])
})

it('is kept while there is no other one, until it is about to end', async () => {
  const { state, tokens } = counted(100_000)
  await tokens.get()
  state.fails = true
  state.now = 85_000
  expect((await tokens.get()).value).toBe('token1')
  state.now = 85_001
  await expect(tokens.get()).rejects.toThrow('no token')
})

it('that a broker refused is not used again', async () => {
  const { tokens } = counted(100_000)
  tokens.refused(await tokens.get())
  expect((await tokens.get()).value).toBe('token2')
})

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
