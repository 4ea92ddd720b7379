import { expect, it } from 'vitest'
import { connectionFromEnvironment, createConnection } from '../../../connection/index.ts'
import { ConfigError } from '../../../core/index.ts'

const servers = { KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://registry/' }
const pem = '-----BEGIN CERTIFICATE-----\\nabc\\n-----END CERTIFICATE-----'
const scram = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'trail' }
const oauth = {
  KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
  KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'https://issuer/token',
  KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'trail'
}
const read = (env: Readonly<Record<string, string>>) => connectionFromEnvironment({ env: { ...servers, ...env } })

it('reads the servers', () => {
  expect(read({ KAFKA_SSL: '', DATABASE_URL: '' })).toEqual({
    kafka: { brokers: ['a:1', 'b:2'] },
    registry: { url: 'http://registry' }
  })
  const env = { ...servers, DATABASE_URL: 'postgres://host/trail' }
  expect(connectionFromEnvironment({ env, postgres: true }).postgres.url).toBe('postgres://host/trail')
  expect(read({ ...env, DATABASE_PASSWORD_FILE: '/p', DATABASE_SCHEMA: 'audit' }).postgres).toEqual({
    url: 'postgres://host/trail',
    password: { file: '/p' },
    schema: 'audit'
  })
  expect(read({ SCHEMA_REGISTRY_BEARER_AUTH_TOKEN_FILE: '/t' }).registry).toEqual({
    url: 'http://registry',
    auth: { bearer: { file: '/t' } }
  })
})

it.each<[string, Readonly<Record<string, string>>, object]>([
  ['TLS', { KAFKA_SSL: 'true' }, { tls: true }],
  ['TLS by its protocol', { KAFKA_SECURITY_PROTOCOL: 'ssl' }, { tls: true }],
  ['a CA in a file', { KAFKA_SSL_CA_LOCATION: '/ca.pem' }, { tls: { ca: { file: '/ca.pem' } } }],
  ['a CA as text', { KAFKA_SSL_CA_PEM: pem }, { tls: { ca: pem.replaceAll('\\n', '\n') } }],
  ['the CA of the system', { KAFKA_SSL_CA_LOCATION: 'system' }, { tls: { ca: 'system' } }],
  [
    'a client certificate',
    {
      KAFKA_SSL_CERTIFICATE_LOCATION: '/c.pem',
      KAFKA_SSL_KEY_LOCATION: '/k.pem',
      KAFKA_SSL_KEY_PASSWORD_FILE: '/p',
      KAFKA_SSL_SERVER_NAME: 'kafka'
    },
    {
      tls: { certificate: { file: '/c.pem' }, key: { file: '/k.pem' }, passphrase: { file: '/p' }, serverName: 'kafka' }
    }
  ],
  [
    'a password in a file',
    { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...scram, KAFKA_SASL_PASSWORD_FILE: '/p' },
    { tls: true, sasl: { mechanism: 'scram-sha-512', username: 'trail', password: { file: '/p' } } }
  ],
  [
    'a token endpoint',
    {
      KAFKA_SSL: 'true',
      ...oauth,
      KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 's',
      KAFKA_SASL_OAUTHBEARER_SCOPE: 'kafka',
      KAFKA_SASL_OAUTHBEARER_EXTENSIONS: 'logicalCluster=lkc-1, identityPoolId=pool-2'
    },
    {
      tls: true,
      sasl: {
        mechanism: 'oauthbearer',
        tokenEndpoint: 'https://issuer/token',
        clientId: 'trail',
        clientSecret: 's',
        scope: 'kafka',
        extensions: { logicalCluster: 'lkc-1', identityPoolId: 'pool-2' }
      }
    }
  ],
  [
    'IAM',
    { KAFKA_SSL: 'true', KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM', KAFKA_SASL_AWS_REGION: 'eu-west-1' },
    { tls: true, sasl: { mechanism: 'aws-msk-iam', region: 'eu-west-1' } }
  ]
])('reads %s, as the options have it', async (_, env, security) => {
  const connection = read(env)
  expect(connection.kafka).toEqual({ brokers: ['a:1', 'b:2'], ...security })
  await createConnection(connection).close()
})

it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['KAFKA_SSL', { KAFKA_SSL: 'yes' }, /one of true, false/],
  ['KAFKA_SSL', { KAFKA_SSL: 'true', KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }, /leave one out/],
  ['KAFKA_SSL', { KAFKA_SSL: 'false', KAFKA_SSL_CA_LOCATION: '/ca.pem' }, /switches it off/],
  [
    'KAFKA_SECURITY_PROTOCOL',
    { KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT', KAFKA_SSL_CA_LOCATION: '/ca.pem' },
    /switches it off/
  ],
  [
    'KAFKA_SECURITY_PROTOCOL',
    { KAFKA_SECURITY_PROTOCOL: 'SSL', ...scram, KAFKA_SASL_PASSWORD: 'S3cret' },
    /sets a login up/
  ],
  ['KAFKA_SECURITY_PROTOCOL', { KAFKA_SECURITY_PROTOCOL: 'TLS' }, /one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL/],
  ['KAFKA_SSL_CA_PEM', { KAFKA_SSL_CA_PEM: 'S3cret' }, /a text in PEM/],
  ['KAFKA_SSL_CA_PEM', { KAFKA_SSL_CA_PEM: pem, KAFKA_SSL_CA_LOCATION: '/ca.pem' }, /both set/],
  ['KAFKA_SSL_KEY_LOCATION', { KAFKA_SSL_CERTIFICATE_LOCATION: '/c.pem' }, /need each other/],
  ['KAFKA_SASL_MECHANISM', { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /is not set/],
  [
    'KAFKA_SASL_MECHANISM',
    { KAFKA_SASL_USERNAME: 'trail', KAFKA_SASL_PASSWORD: 'S3cret' },
    /KAFKA_SASL_MECHANISM is not set/
  ],
  [
    'KAFKA_SASL_MECHANISM',
    { KAFKA_SASL_MECHANISM: 'GSSAPI' },
    /PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM/
  ],
  [
    'KAFKA_SASL_MECHANISM',
    { KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 'S3cret' },
    /is not set, and KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET/
  ],
  ['KAFKA_SASL_PASSWORD', scram, /KAFKA_SASL_PASSWORD is not set/],
  ['KAFKA_SASL_PASSWORD', { ...scram, KAFKA_SASL_PASSWORD: 'S3cret', KAFKA_SASL_PASSWORD_FILE: '/p' }, /both set/],
  [
    'KAFKA_SASL_OAUTHBEARER_SCOPE',
    { ...scram, KAFKA_SASL_PASSWORD: 'S3cret', KAFKA_SASL_OAUTHBEARER_SCOPE: 'a' },
    /does not use it/
  ],
  ['KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET', oauth, /is not set/],
  [
    'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
    { ...oauth, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'http://a:S3cret@b' },
    /without user name/
  ],
  ['KAFKA_SASL_OAUTHBEARER_EXTENSIONS', { KAFKA_SASL_OAUTHBEARER_EXTENSIONS: 'S3cret' }, /name=value/],
  ['KAFKA_SASL_USERNAME', { ...oauth, KAFKA_SASL_USERNAME: 'trail' }, /does not use it/],
  ['KAFKA_SASL_AWS_REGION', { KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM' }, /is not set/],
  ['KAFKA_BROKERS', { KAFKA_BROKERS: '' }, /not set in the environment/],
  ['SCHEMA_REGISTRY_URL', { SCHEMA_REGISTRY_URL: 'registry' }, /a URL that begins with/]
])('%s is named when it is wrong: %j', (option, env, words) => {
  let refused: unknown
  try {
    read(env)
  } catch (error) {
    refused = error
  }
  expect(refused).toBeInstanceOf(ConfigError)
  expect(refused).toMatchObject({ message: expect.stringMatching(words) })
  expect((refused as Error).message).toContain(option)
  expect((refused as Error).message).not.toContain('S3cret')
})
