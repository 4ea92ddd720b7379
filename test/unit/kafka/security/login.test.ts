import { expect, it } from 'vitest'
import { OptionsError, silentLogger } from '../../../../core/index.ts'
import { createKafkaClient } from '../../../../kafka/kafkajs/client.ts'
import type { KafkaSecurity } from '../../../../kafka/types/index.ts'

/** What is warned of when a client is made. */
function warnings(security: KafkaSecurity): string[] {
  const words: string[] = []
  const log = { ...silentLogger, warn: (_: object, text = '') => void words.push(text) }
  createKafkaClient({ brokers: ['127.0.0.1:1'], security, log })
  return words
}

const login = { username: 'trail', password: 'S3cret' }
const token = async () => ({ value: 'S3cret' })

it.each<[string, KafkaSecurity, RegExp]>([
  [
    'PLAIN',
    { sasl: { mechanism: 'PLAIN', ...login } },
    /^the login to Kafka is PLAIN without TLS: the password is sent unencrypted$/
  ],
  ['PLAIN', { tls: false, sasl: { mechanism: 'plain', ...login } }, /the password is sent unencrypted/],
  ['OAUTHBEARER', { sasl: { mechanism: 'oauthbearer', token } }, /the token is sent unencrypted/]
])('%s without TLS is warned of', (_, security, words) => {
  expect(warnings(security)).toEqual([expect.stringMatching(words)])
})

it('SCRAM without TLS, and all of them with it, are not', () => {
  expect(warnings({ sasl: { mechanism: 'SCRAM-SHA-512', ...login } })).toEqual([])
  expect(warnings({ tls: true, sasl: { mechanism: 'PLAIN', ...login } })).toEqual([])
  expect(warnings({ tls: {}, sasl: { mechanism: 'OAUTHBEARER', token } })).toEqual([])
})

it('a file of a password that is not there is refused at once', () => {
  const sasl = { mechanism: 'PLAIN', username: 'trail', password: { file: '/no/such/file' } } as const
  expect(() => warnings({ tls: true, sasl })).toThrow(
    expect.objectContaining({
      option: 'connection.kafka.sasl.password',
      message: expect.stringMatching(/\(ENOENT\): \/no\/such\/file\. It is `sasl\.password` \(KAFKA_SASL_PASSWORD\)/)
    })
  )
  expect(() => warnings({ tls: { ca: { file: '/no/such/file' } } })).toThrow(OptionsError)
})
