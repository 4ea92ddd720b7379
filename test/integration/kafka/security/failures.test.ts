import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { connectionFromEnvironment } from '../../../../connection/index.ts'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { startSecuredBroker } from '../../../../dev/stack/index.ts'
import { createKafkaClient } from '../../../../kafka/kafkajs/index.ts'
import type { OAuthToken } from '../../../../kafka/types/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { TestAuthority } from '../../../support/kafka/certificates.ts'
import { clientSecret, securedKafka } from '../../../support/kafka/secured.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { testTrail } from '../../../support/trail.ts'

const secured = await securedKafka()
const { authority, broker, client, issuer, ways } = secured
const { addresses } = broker
const other = await TestAuthority.create('other', authority.folder)
const strange = await other.issue({ name: 'trail' })
const trail = await testTrail()

type Environment = Readonly<Record<string, string>>
const ca = { KAFKA_SSL_CA_LOCATION: authority.file }
const scram = ways['SASL_SSL with SCRAM-SHA-512']
const plainLogin = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'trail', KAFKA_SASL_PASSWORD: 'S3cret' }

/** What is wrong, the environment that is, the code, and words of the sentence that the user sees. */
const failures: readonly (readonly [string, Environment, string, RegExp])[] = [
  [
    'no CA',
    { KAFKA_BROKERS: addresses.TLS, KAFKA_SSL: 'true' },
    'KAFKA_CERTIFICATE_UNTRUSTED',
    /`tls\.ca` \(KAFKA_SSL_CA_LOCATION\)/
  ],
  [
    'another CA',
    { KAFKA_BROKERS: addresses.TLS, KAFKA_SSL_CA_LOCATION: other.file },
    'KAFKA_CERTIFICATE_UNTRUSTED',
    /KAFKA_SSL_CA_LOCATION/
  ],
  [
    'another name',
    { ...ways.TLS, KAFKA_SSL_SERVER_NAME: 'kafka.example' },
    'KAFKA_CERTIFICATE_NAME',
    /KAFKA_SSL_SERVER_NAME/
  ],
  [
    'no client certificate',
    { ...ca, KAFKA_BROKERS: addresses.MTLS },
    'KAFKA_CERTIFICATE_REFUSED',
    /wants a client certificate.*KAFKA_SSL_CERTIFICATE_LOCATION/
  ],
  [
    'a client certificate of another CA',
    { ...ways.mTLS, KAFKA_SSL_CERTIFICATE_LOCATION: strange.certificateFile, KAFKA_SSL_KEY_LOCATION: strange.keyFile },
    'KAFKA_CERTIFICATE_REFUSED',
    /refuses the client certificate, which is valid until/
  ],
  [
    'plaintext on a port for TLS',
    { KAFKA_BROKERS: addresses.TLS },
    'KAFKA_TLS_MISMATCH',
    /speaks TLS, and this connection does not: set `tls` \(KAFKA_SSL\)/
  ],
  [
    'TLS on a port for plaintext',
    { ...ca, KAFKA_BROKERS: addresses.PLAINTEXT },
    'KAFKA_TLS_MISMATCH',
    /does not speak TLS/
  ],
  [
    'no login',
    { ...ca, KAFKA_BROKERS: addresses.SASL },
    'KAFKA_LOGIN_MISMATCH',
    /asks for a login by .*SCRAM-SHA-512.*KAFKA_SASL_MECHANISM/
  ],
  ['no login, and no TLS', { KAFKA_BROKERS: addresses.SASLPLAIN }, 'KAFKA_LOGIN_MISMATCH', /asks for a login by/],
  [
    'a login where there is none',
    { KAFKA_BROKERS: addresses.PLAINTEXT, ...plainLogin },
    'KAFKA_LOGIN_MISMATCH',
    /takes no login/
  ],
  [
    'a wrong password for SCRAM',
    { ...scram, KAFKA_SASL_PASSWORD: 'S3cret' },
    'KAFKA_AUTHENTICATION',
    /KAFKA_SASL_PASSWORD/
  ],
  [
    'a wrong password for PLAIN',
    { ...scram, ...plainLogin },
    'KAFKA_AUTHENTICATION',
    /by PLAIN: check .*KAFKA_SASL_PASSWORD/
  ],
  ['an unknown user', { ...scram, KAFKA_SASL_USERNAME: 'unknown' }, 'KAFKA_AUTHENTICATION', /KAFKA_SASL_USERNAME/],
  [
    'a wrong client secret',
    { ...ways.OAUTHBEARER, KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: `${clientSecret}S3cret` },
    'KAFKA_AUTHENTICATION',
    /\(invalid_client\).*KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET/
  ],
  [
    'no token endpoint',
    { ...ways.OAUTHBEARER, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'http://127.0.0.1:1/token' },
    'KAFKA_TOKEN_UNAVAILABLE',
    /unreachable \(ECONNREFUSED\).*TOKEN_ENDPOINT_URL/
  ]
]

/** What a user reads, a line each: kept in the file that SENTENCES names. */
const sentences: string[] = []
afterAll(() => {
  if (process.env.SENTENCES) writeFileSync(process.env.SENTENCES, `${sentences.join('\n')}\n`)
})

// Most of their time is spent in waiting for the next try.
describe.concurrent.each(failures)('%s', (what, env, code, words) => {
  const all = { ...trail.env, ...env }
  const expected = expect.objectContaining({ code, message: expect.stringMatching(words) })

  test('is the error of a connection', async () => {
    const { brokers, ...security } = connectionFromEnvironment({ env: all }).kafka
    const failed: unknown = await createKafkaClient({ brokers, security })
      .connectAdmin()
      .then(admin => admin.ping().finally(() => admin.close()))
      .catch((error: unknown) => error)
    expect(failed).toEqual(expected)
    expect((failed as Error).message).not.toContain('S3cret')
    sentences.push(`${what}: ${(failed as Error).message}`)
  })

  test('is the error of a producer', async () => {
    const producer = createProducer({ connection: connectionFromEnvironment({ env: all }), catalogue })
    await expect(producer.start()).rejects.toEqual(expect.objectContaining({ code }))
  })

  test('is what the doctor says', async () => {
    const { code: exit, stdout } = await runCli(['doctor', '--json'], { ...all, LOG_LEVEL: 'silent' })
    const [kafka] = stdout
      .split('\n')
      .map(line => (line ? (JSON.parse(line) as { check: string; words: string }) : undefined))
    expect(exit).toBe(1)
    expect(kafka).toMatchObject({ check: 'kafka', words: expect.stringMatching(words) })
    expect(stdout).not.toContain('S3cret')
  })
})

// The others are of the same kind: they fail in the same look for topics.
test.each([failures[0], failures[5], failures[7], failures[10]])('%s ends sinks and groups after a few tries', {
  timeout: 120_000
}, async (...failure) => {
  const [, env, code] = failure as unknown as (typeof failures)[number]
  const connection = connectionFromEnvironment({ env: { ...trail.env, ...env }, postgres: true })
  const sink = createSink({ ...trail.sinkOptions, connection })
  const group = createConsumerGroup({
    ...{ connection, catalogue, topicPrefix: trail.topicPrefix, group: 'refused' },
    handlers: { 'badge.awarded': () => undefined }
  })
  await Promise.allSettled([sink.start(), group.start()])
  expect(await sink.closed).toMatchObject({ code })
  expect(await group.closed).toMatchObject({ code })
})

test('an expired certificate of a broker is named', async () => {
  const expired = await authority.issue({ name: 'broker', days: -1 })
  await using old = await startSecuredBroker({
    keystore: authority.keystore(expired, 'expired'),
    truststore: authority.file,
    users: {},
    tokens: issuer
  })
  const client = createKafkaClient({ brokers: [old.addresses.TLS], security: { tls: { ca: authority.pem } } })
  const failed: unknown = await client.connectAdmin().catch((error: unknown) => error)
  expect(failed).toMatchObject({
    code: 'KAFKA_CERTIFICATE_EXPIRED',
    message: expect.stringMatching(/has expired/)
  })
  sentences.push(`an expired certificate: ${(failed as Error).message}`)
})

describe('a token', () => {
  const connect = async (token: () => Promise<OAuthToken>) => {
    const security = { tls: { ca: authority.pem }, sasl: { mechanism: 'OAUTHBEARER' as const, token } }
    const admin = await createKafkaClient({ brokers: [addresses.SASL], security }).connectAdmin()
    await admin.ping()
    await admin.close()
  }

  test('that is good is let in', () => connect(async () => ({ value: issuer.token() })))

  test.each<[string, () => string]>([
    ['is forged', () => issuer.forged()],
    ['is not signed', () => issuer.unsigned()],
    ['has expired', () => issuer.token({ lifeS: -300 })],
    ['is of another issuer', () => issuer.token({ issuer: 'https://other.test' })],
    ['is for another audience', () => issuer.token({ audience: 'other' })]
  ])('that %s is refused, and named', async (what, make) => {
    const token = make()
    const failed: unknown = await connect(async () => ({ value: token })).catch((error: unknown) => error)
    expect(failed).toMatchObject({
      code: 'KAFKA_TOKEN_REFUSED',
      retryable: false,
      message: expect.stringMatching(/did not accept the token \(invalid_token\)/)
    })
    expect(JSON.stringify([(failed as Error).message, (failed as Error).cause])).not.toContain(token)
    sentences.push(`a token that ${what}: ${(failed as Error).message}`)
  })

  test('that a function does not get is not called an unreachable Kafka', async () => {
    await expect(
      connect(async () => {
        throw new Error('S3cret')
      })
    ).rejects.toMatchObject({ code: 'KAFKA_TOKEN_UNAVAILABLE', message: expect.not.stringContaining('S3cret') })
  })
})

test('files that cannot be used are refused before anything is connected', async () => {
  const key = join(authority.folder, 'no.key')
  const env = { ...trail.env, ...ways.mTLS, KAFKA_SSL_KEY_LOCATION: key }
  const { code, stderr } = await runCli(['schemas', 'register', '--example'], env)
  expect([code, stderr]).toEqual([2, expect.stringMatching(/`tls\.key` \(KAFKA_SSL_KEY_LOCATION\)/)])
  expect(client.certificate).not.toBe('')
})
