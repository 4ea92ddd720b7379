import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../../core/index.ts'
import { createRegistry, registryFromEnvironment } from '../../../../schemas/index.ts'

const url = 'https://registry:8081'
const from = (env: Readonly<Record<string, string>>) =>
  registryFromEnvironment({
    SCHEMA_REGISTRY_URL: url,
    ...Object.fromEntries(Object.entries(env).map(([name, value]) => [`SCHEMA_REGISTRY_${name}`, value]))
  })

const oauth = {
  BEARER_AUTH_ISSUER_ENDPOINT_URL: 'https://idp/token',
  BEARER_AUTH_CLIENT_ID: 'eventtrail',
  BEARER_AUTH_CLIENT_SECRET: 'S3cret'
}
const certificate = { SSL_CERTIFICATE_LOCATION: '/tls/a.crt', SSL_KEY_LOCATION: '/tls/a.key' }

describe('the environment', () => {
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ BASIC_AUTH_USER_INFO: 'me:S3cret' }, { auth: { basic: { userInfo: 'me:S3cret' } } }],
    [{ BASIC_AUTH_USER_INFO_FILE: '/s/info' }, { auth: { basic: { userInfo: { file: '/s/info' } } } }],
    [{ BEARER_AUTH_TOKEN: 'abc' }, { auth: { bearer: 'abc' } }],
    [{ BEARER_AUTH_TOKEN_FILE: '/s/token' }, { auth: { bearer: { file: '/s/token' } } }],
    [
      oauth,
      { auth: { oauth: { tokenEndpoint: 'https://idp/token', clientId: 'eventtrail', clientSecret: 'S3cret' } } }
    ],
    [
      {
        ...oauth,
        BEARER_AUTH_CLIENT_SECRET: '',
        BEARER_AUTH_CLIENT_SECRET_FILE: '/s/secret',
        BEARER_AUTH_SCOPE: 'sr',
        BEARER_AUTH_LOGICAL_CLUSTER: 'lsrc-1',
        BEARER_AUTH_IDENTITY_POOL_ID: 'pool-1'
      },
      {
        auth: {
          oauth: {
            tokenEndpoint: 'https://idp/token',
            clientId: 'eventtrail',
            clientSecret: { file: '/s/secret' },
            scope: 'sr'
          }
        },
        headers: { 'target-sr-cluster': 'lsrc-1', 'Confluent-Identity-Pool-Id': 'pool-1' }
      }
    ],
    [{ SSL_CA_LOCATION: '/tls/ca.pem' }, { tls: { ca: { file: '/tls/ca.pem' } } }],
    [{ SSL_CA_LOCATION: 'system' }, { tls: { ca: 'system' } }],
    [
      { ...certificate, SSL_KEY_PASSWORD_FILE: '/s/pass' },
      {
        tls: { certificate: { file: '/tls/a.crt' }, key: { file: '/tls/a.key' }, passphrase: { file: '/s/pass' } }
      }
    ]
  ])('%j gives options that the registry takes', (env, options) => {
    const connection = from(env)
    expect(connection).toEqual({ url, ...options })
    expect(() => createRegistry(connection)).not.toThrow()
  })

  it('takes several URLs of one registry', () => {
    const connection = registryFromEnvironment({ SCHEMA_REGISTRY_URL: 'http://u:p,w@a:8081/x/ , http://b:8081' })
    expect(connection).toEqual({ url: ['http://u:p,w@a:8081/x', 'http://b:8081'] })
    expect(() => createRegistry(connection)).not.toThrow()
  })

  it.each<[Record<string, string>, RegExp]>([
    [
      { BASIC_AUTH_USER_INFO: 'me:S3cret', BEARER_AUTH_TOKEN: 'S3cret' },
      /USER_INFO and SCHEMA_.*TOKEN are set.*one login/
    ],
    [{ BASIC_AUTH_USER_INFO: 'me:S3cret', BASIC_AUTH_USER_INFO_FILE: '/s/info' }, /are both set: leave one out/],
    [{ BASIC_AUTH_USER_INFO: 'S3cret' }, /expected user:password/],
    [{ BEARER_AUTH_CLIENT_ID: 'me' }, /ISSUER_ENDPOINT_URL and \w+CLIENT_SECRET are not set/],
    [{ ...oauth, BEARER_AUTH_CLIENT_ID: '' }, /CLIENT_ID is not set/],
    [{ BEARER_AUTH_SCOPE: 'sr' }, /are not set/],
    [{ SSL_CERTIFICATE_LOCATION: '/tls/a.crt' }, /SSL_KEY_LOCATION is not set/],
    [{ SSL_KEY_LOCATION: '/tls/a.key' }, /SSL_CERTIFICATE_LOCATION is not set/],
    [{ SSL_KEY_PASSWORD: 'S3cret' }, /SSL_KEY_LOCATION is not set/],
    [{ URL: 'http://a', SSL_CA_LOCATION: '/tls/ca.pem' }, /SSL_CA_LOCATION is set, and no URL .* begins with https/],
    [{ URL: 'http://a:1,b:2' }, /^SCHEMA_REGISTRY_URL: expected/],
    [{ BEARER_AUTH_ISSUER_ENDPOINT_URL: 'S3cret' }, /^SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL: expected/]
  ])('%j is refused', (env, words) => {
    let error: unknown
    try {
      from(env)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(words) })
    expect((error as Error).message).not.toContain('S3cret')
  })

  it('has to name the URL', () => {
    expect(() => registryFromEnvironment({})).toThrow(expect.objectContaining({ code: 'CONFIG_MISSING' }))
  })
})

describe('in code', () => {
  it.each<[string, object]>([
    ['auth', { auth: {} }],
    ['auth.username', { auth: { username: 'me', password: 'S3cret' } }],
    ['auth', { auth: { bearer: 'S3cret', basic: { userInfo: 'me:S3cret' } } }],
    ['auth.baisc', { auth: { baisc: 'S3cret' } }],
    ['auth.basic', { auth: { basic: { username: 'me' } } }],
    ['auth.basic.username', { auth: { basic: { username: 'm:e', password: 'S3cret' } } }],
    ['auth.basic.password', { auth: { basic: { username: 'me', password: { path: 'S3cret' } } } }],
    ['auth.bearer', { auth: { bearer: '' } }],
    ['auth.oauth.tokenEndpoint', { auth: { oauth: { clientId: 'me', clientSecret: 'S3cret' } } }],
    ['auth.oauth.clientSecret', { auth: { oauth: { tokenEndpoint: 'https://idp', clientId: 'me' } } }],
    ['tls', { tls: true }],
    ['tls', { tls: { certificate: 'S3cret' } }],
    ['tls', { url: 'http://a', tls: { ca: { file: 'S3cret' } } }],
    ['tls.ca', { tls: { ca: 'S3cret' } }],
    ['tls.ca', { tls: { ca: 5 } }],
    ['tls.rejectUnauthorized', { tls: { rejectUnauthorized: false } }],
    ['headers', { headers: { Authorization: 'S3cret' } }],
    ['headers', { headers: { a: 'S3cret\r\nb: c' } }],
    ['url', { url: [] }],
    ['url', { url: ['http://a', 'S3cret'] }]
  ])('a wrong `%s` is refused: %j', (option, wrong) => {
    let error: unknown
    try {
      createRegistry({ url, ...wrong } as never)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'OPTIONS_INVALID', option })
    expect((error as Error).message).not.toContain('S3cret')
  })
})
