import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { createRegistry, RegistryError } from '../../../schemas/index.ts'
import { certificateAuthority } from '../../support/schemas/certificates.ts'
import { tokenIssuer } from '../../support/schemas/issuer.ts'

const authority = await certificateAuthority()
const issuer = await tokenIssuer()
const stack = await startStack({
  kind: 'registry-with-login',
  registryEnv: {
    QUARKUS_OIDC_TENANT_ENABLED: 'true',
    QUARKUS_OIDC_AUTH_SERVER_URL: issuer.url,
    QUARKUS_OIDC_CLIENT_ID: 'registry-api',
    // Without it Quarkus takes tokens for anyone.
    QUARKUS_OIDC_TOKEN_AUDIENCE: 'registry-api'
  }
})
afterAll(() => stack.stop())
const url = stack.env.SCHEMA_REGISTRY_URL

async function failure(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.catch(thrown => thrown)
  if (error instanceof RegistryError) return error
  throw new Error('it did not fail', { cause: error })
}

const thing = { type: 'record', name: 'Thing', fields: [] } as const
const freshSubject = () => `${crypto.randomUUID()}-value`
const oauth = { tokenEndpoint: issuer.tokenUrl, clientId: 'eventtrail', clientSecret: 's3cret' }

describe('a registry that takes tokens', () => {
  it('takes a token, and refuses none, a forged one, an expired one and one for another', async () => {
    const token = issuer.token()
    const registry = createRegistry({ url, auth: { bearer: token } })
    expect(await registry.register(freshSubject(), thing)).toMatchObject({ version: 1 })
    const [head, claims, signature = ''] = token.split('.')
    const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    expect((await failure(createRegistry({ url }).ping())).code).toBe('REGISTRY_UNAUTHENTICATED')
    for (const bearer of [forged, issuer.token({ validS: -3_600 }), issuer.token({ audience: 'another' })]) {
      const error = await failure(createRegistry({ url, auth: { bearer } }).register(freshSubject(), thing))
      expect(error.code).toBe('REGISTRY_UNAUTHENTICATED')
      expect(error.message).toContain('SCHEMA_REGISTRY_BEARER_AUTH_TOKEN')
      expect(error.message).not.toContain(bearer)
    }
  })

  it('follows a token in a file', async () => {
    const file = join(authority.folder, 'token')
    writeFileSync(file, issuer.token({ validS: -3_600 }))
    const registry = createRegistry({ url, auth: { bearer: { file } } })
    expect((await failure(registry.subjects())).code).toBe('REGISTRY_UNAUTHENTICATED')
    writeFileSync(file, `${issuer.token()}\n`)
    await registry.subjects()
  })

  it('takes those of client credentials, one for many requests', async () => {
    const registry = createRegistry({ url, auth: { oauth } })
    const before = issuer.asked()
    await Promise.all([registry.register(freshSubject(), thing), registry.subjects(), registry.ping()])
    await registry.subjects()
    expect(issuer.asked() - before).toBe(1)
  })

  it('gets a new one when it refuses one that should still be valid', async () => {
    let times = 0
    const registry = createRegistry({
      url,
      auth: {
        bearer: () => {
          times += 1
          return issuer.token({ validS: times === 1 ? -3_600 : 300 })
        }
      }
    })
    await registry.subjects()
    expect(times).toBeGreaterThan(1)
  })

  it('names the settings of a client that is refused, and follows its rotated secret', async () => {
    const file = join(authority.folder, 'client-secret')
    writeFileSync(file, 's3cret')
    issuer.rotate('rotated')
    const registry = createRegistry({ url, auth: { oauth: { ...oauth, clientSecret: { file } } } })
    const error = await failure(registry.subjects())
    expect(error.code).toBe('REGISTRY_UNAUTHENTICATED')
    expect(error.message).toMatch(/refuses to give a token \(401 invalid_client\): check SCHEMA_REGISTRY_BEARER_AUTH/)
    writeFileSync(file, 'rotated')
    await registry.subjects()
    issuer.rotate('s3cret')
  })

  it('names the token endpoint when that is away', async () => {
    const away = { ...oauth, tokenEndpoint: 'http://127.0.0.1:1/token' }
    const error = await failure(createRegistry({ url, auth: { oauth: away } }).ping())
    expect(error).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
    expect(error.message).toContain('The token endpoint at http://127.0.0.1:1 gives no token: nothing listens there')
  })
})
