import { createSign, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { afterAll } from 'vitest'

const inBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An issuer of tokens (OpenID Connect): discovery, keys, and a token endpoint for one client. */
export async function tokenIssuer({ clientId = 'eventtrail', clientSecret = 's3cret' } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let asked = 0
  let livesS = 300
  let secret = clientSecret
  const server = createServer(async (request, response) => {
    const says = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url?.startsWith('/.well-known/'))
      return says(200, { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` })
    if (request.url === '/jwks')
      return says(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] })
    if (request.url !== '/token') return says(404, {})
    asked += 1
    const form = new URLSearchParams((await request.toArray()).map(String).join(''))
    const login = `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64')}`
    if (request.headers.authorization !== login) return says(401, { error: 'invalid_client' })
    if (form.get('grant_type') !== 'client_credentials') return says(400, { error: 'unsupported_grant_type' })
    return says(200, { access_token: token(), token_type: 'Bearer', expires_in: livesS })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  afterAll(
    () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  )
  function token({ validS = livesS, audience = 'registry-api' } = {}): string {
    const now = Math.floor(Date.now() / 1_000)
    const claims = { iss: url, aud: audience, azp: audience, sub: clientId, groups: ['sr-admin'], jti: `${asked}` }
    const content = `${inBase64({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${inBase64({ ...claims, iat: now, exp: now + validS })}`
    return `${content}.${createSign('RSA-SHA256').update(content).sign(privateKey, 'base64url')}`
  }
  return {
    url,
    tokenUrl: `${url}/token`,
    token,
    /** How often a token was asked for. */
    asked: () => asked,
    /** Seconds for which the next tokens are valid. */
    lives: (seconds: number) => {
      livesS = seconds
    },
    /** The secret that the client needs from now on. */
    rotate: (to: string) => {
      secret = to
    }
  }
}
