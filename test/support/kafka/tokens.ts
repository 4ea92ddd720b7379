import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Claims of a token that differ from a good one's. */
export interface TokenChanges {
  readonly issuer?: string
  readonly audience?: string
  /** s from now. Default 300. */
  readonly lifeS?: number
  readonly subject?: string
}

/** Someone who makes tokens, and the keys by which a broker knows them. */
export class TestIssuer {
  readonly issuer = 'https://issuer.test'
  readonly audience = 'kafka'
  /** The JWKS of the good key. */
  readonly jwks: string
  readonly #key = newKey()
  readonly #forged = newKey()

  /** @param folder gets the file of the keys */
  constructor(folder: string) {
    const { publicKey, id } = this.#key
    this.jwks = join(folder, 'jwks.json')
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'RS256' }
    writeFileSync(this.jwks, JSON.stringify({ keys: [jwk] }))
  }

  token(changes: TokenChanges = {}): string {
    return this.#signed(changes, this.#key.privateKey)
  }

  /** Names the good key, and is signed with another one. */
  forged(changes: TokenChanges = {}): string {
    return this.#signed(changes, this.#forged.privateKey)
  }

  unsigned(): string {
    return `${encoded({ alg: 'none', typ: 'JWT' })}.${this.#claims({})}.`
  }

  #signed(changes: TokenChanges, key: KeyObject): string {
    const head = encoded({ alg: 'RS256', typ: 'JWT', kid: this.#key.id })
    const body = `${head}.${this.#claims(changes)}`
    return `${body}.${sign('RSA-SHA256', Buffer.from(body), key).toString('base64url')}`
  }

  #claims({ issuer = this.issuer, audience = this.audience, lifeS = 300, subject = 'trail' }: TokenChanges): string {
    const now = Math.floor(Date.now() / 1_000)
    return encoded({ iss: issuer, aud: audience, sub: subject, iat: now - 600, exp: now + lifeS, jti: randomUUID() })
  }
}

function newKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject; readonly id: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const id = createHash('sha256')
    .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 8)
  return { ...pair, id }
}

/** An OAuth 2 token endpoint (client credentials) of an issuer. A token is for the client that asks for it. */
export async function tokenEndpoint(
  issuer: TestIssuer,
  {
    ids,
    secret,
    lifeS = 300
  }: { readonly ids: readonly string[]; readonly secret: () => string; readonly lifeS?: number }
): Promise<AsyncDisposable & { readonly url: string; readonly asked: () => number }> {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    request.resume()
    const basic = (id: string) => `Basic ${Buffer.from(`${id}:${secret()}`).toString('base64')}`
    const subject = ids.find(id => request.headers.authorization === basic(id))
    response.writeHead(subject ? 200 : 401, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(
        subject
          ? { access_token: issuer.token({ lifeS, subject }), token_type: 'bearer', expires_in: lifeS }
          : { error: 'invalid_client' }
      )
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    }
  }
}
