import { expect, it } from 'vitest'
import { KafkaError } from '../../../../kafka/errors.ts'
import { toKafkaError, toSendError } from '../../../../kafka/kafkajs/errors.ts'
import { thresholdFor } from '../../../../kafka/kafkajs/patches/short-sessions.ts'
import { mismatch, tlsFault } from '../../../../kafka/security/faults.ts'
import { mechanismsIn } from '../../../../kafka/security/probe.ts'
import type { KafkaSecurity } from '../../../../kafka/types/index.ts'

const plain = { mechanism: 'plain', username: 'u', password: 'p' } as const
const token = { mechanism: 'OAUTHBEARER', token: async () => ({ value: 'abc' }) } as const

it.each<[string, Parameters<typeof mismatch>[0], KafkaSecurity, string | undefined, RegExp]>([
  [
    'TLS, and none is spoken',
    { speaksTls: true, mechanisms: undefined },
    {},
    'KAFKA_TLS_MISMATCH',
    /b:1 speaks TLS, and this connection does not: set `tls` \(KAFKA_SSL\)/
  ],
  [
    'no TLS, and it is spoken',
    { speaksTls: false, mechanisms: undefined },
    { tls: true },
    'KAFKA_TLS_MISMATCH',
    /b:1 does not speak TLS/
  ],
  [
    'a login, and there is none',
    { speaksTls: false, mechanisms: ['PLAIN', 'SCRAM-SHA-512'] },
    {},
    'KAFKA_LOGIN_MISMATCH',
    /asks for a login by PLAIN, SCRAM-SHA-512: set `sasl\.mechanism` \(KAFKA_SASL_MECHANISM\)/
  ],
  [
    'no login, and there is one',
    { speaksTls: true, mechanisms: undefined },
    { tls: {}, sasl: plain },
    'KAFKA_LOGIN_MISMATCH',
    /takes no login/
  ],
  [
    'another login',
    { speaksTls: true, mechanisms: ['SCRAM-SHA-512'] },
    { tls: true, sasl: plain },
    'KAFKA_LOGIN_MISMATCH',
    /no login by PLAIN, but by SCRAM-SHA-512/
  ],
  ['what is given', { speaksTls: true, mechanisms: ['OAUTHBEARER'] }, { tls: true, sasl: token }, undefined, /^$/],
  [
    'the login by IAM',
    { speaksTls: true, mechanisms: ['OAUTHBEARER'] },
    { tls: true, sasl: { mechanism: 'AWS_MSK_IAM', region: 'eu-west-1' } },
    undefined,
    /^$/
  ],
  ['nothing special', { speaksTls: false, mechanisms: undefined }, {}, undefined, /^$/]
])('a port that wants %s', (_, facts, security, code, words) => {
  const fault = mismatch(facts, security, 'b:1')
  expect(fault?.code).toBe(code)
  expect(fault?.words ?? '').toMatch(words)
})

it('the answer to a handshake names the mechanisms, or says that there is no login', () => {
  expect(mechanismsIn(Buffer.from('\0\x21\0\0\0\x02\0\x05PLAIN\0\x0bOAUTHBEARER', 'latin1'))).toEqual([
    'PLAIN',
    'OAUTHBEARER'
  ])
  expect(mechanismsIn(Buffer.from('\0\x22\0\0\0\0', 'latin1'))).toBeUndefined()
})

it('codes that are not about TLS are left alone', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'UNKNOWN_TOPIC_OR_PARTITION', ''])
    expect(tlsFault(code, 'b:1')).toBeUndefined()
})

/** An error as kafkajs makes them. */
const kafkajsError = (name: string, facts: object, message = 'words'): Error =>
  Object.assign(new Error(message), { name, ...facts })

it('what TLS and the login say is found under what kafkajs wraps it in', () => {
  const broken = kafkajsError('KafkaJSConnectionError', { code: 'SELF_SIGNED_CERT_IN_CHAIN', broker: 'b:9093' })
  const wrapped = kafkajsError('KafkaJSNumberOfRetriesExceeded', { cause: broken })
  expect(toKafkaError(wrapped, 'connecting to b:9093', [], { isFirst: true })).toMatchObject({
    code: 'KAFKA_CERTIFICATE_UNTRUSTED',
    retryable: false,
    misconfigured: true,
    message: expect.stringMatching(/^connecting to b:9093: the certificate of b:9093 is signed by no trusted authority/)
  })
  const refused = new KafkaError('KAFKA_TOKEN_REFUSED', 'b:9093 did not accept the token')
  const failed = kafkajsError('KafkaJSSASLAuthenticationError', { cause: refused })
  expect(toKafkaError(kafkajsError('KafkaJSNonRetriableError', { cause: failed }), 'asking')).toMatchObject({
    code: 'KAFKA_TOKEN_REFUSED',
    message: 'asking: b:9093 did not accept the token'
  })
  // A producer was let in before it sent: a secret is being replaced, and no event may be given up for that.
  const sending = toSendError(failed, false)
  expect(sending).toMatchObject({ code: 'KAFKA_TOKEN_REFUSED', retryable: true, misconfigured: true, sent: false })
})

it('a login of another kind is none with a wrong password', () => {
  for (const type of ['ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM'])
    expect(toKafkaError(kafkajsError('KafkaJSProtocolError', { type }), 'asking').code).toBe('KAFKA_LOGIN_MISMATCH')
  const words = 'SASL PLAIN mechanism is not supported by the server'
  expect(toKafkaError(kafkajsError('KafkaJSSASLAuthenticationError', {}, words), 'asking').code).toBe(
    'KAFKA_LOGIN_MISMATCH'
  )
  expect(toKafkaError(kafkajsError('KafkaJSSASLAuthenticationError', {}), 'asking').code).toBe('KAFKA_AUTHENTICATION')
})

it('a new login begins in the last quarter of a short session, and 10 s before the end of others', () => {
  expect([8_000, 15_000, 40_000, 3_600_000].map(thresholdFor)).toEqual([2_000, 3_750, 10_000, 10_000])
})
