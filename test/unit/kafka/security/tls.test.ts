import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type TlsOptions as ServerOptions } from 'node:tls'
import { afterAll, expect, it } from 'vitest'
import { OptionsError, silentLogger } from '../../../../core/index.ts'
import { tlsFault } from '../../../../kafka/security/faults.ts'
import { TlsOptions } from '../../../../kafka/security/tls.ts'
import type { KafkaTls } from '../../../../kafka/types/index.ts'
import { TestAuthority } from '../../../support/kafka/certificates.ts'

const authority = await TestAuthority.create()
const other = await TestAuthority.create('other', authority.folder)
const broker = await authority.issue({ name: 'broker' })
const expired = await authority.issue({ name: 'broker', days: -1 })
const elsewhere = await authority.issue({ name: 'broker', names: 'DNS:kafka.example' })
const client = await authority.issue({ name: 'client' })
const locked = await authority.issue({ name: 'client', passphrase: 'S3cret' })
afterAll(() => authority.remove())

const inText = { cert: broker.certificate, key: broker.key }

/** A server that says yes to a connection, for as long as `work` takes. */
async function served<T>(options: ServerOptions | 'plaintext', work: (port: number) => Promise<T>): Promise<T> {
  const server: Server =
    options === 'plaintext' ? createPlainServer() : createServer(options, socket => socket.end('yes'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await work((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

/** `yes`, or the code of the error of a connection. */
function answerOf(tls: TlsOptions, port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, ...tls.forConnection() })
    socket.on('data', bytes => resolve(String(bytes)))
    socket.on('error', error => resolve('code' in error ? String(error.code) : error.message))
    socket.on('close', () => resolve('closed'))
  })
}

const using = (tls: true | KafkaTls) => new TlsOptions(tls, silentLogger)

it.each<[string, ServerOptions | 'plaintext', true | KafkaTls, string | undefined, RegExp]>([
  ['a trusted CA as text', inText, { ca: authority.pem }, undefined, /yes/],
  ['a trusted CA in a file', inText, { ca: { file: authority.file } }, undefined, /yes/],
  [
    'a name that is given',
    { cert: elsewhere.certificate, key: elsewhere.key },
    { ca: authority.pem, serverName: 'kafka.example' },
    undefined,
    /yes/
  ],
  ['no CA', inText, true, 'KAFKA_CERTIFICATE_UNTRUSTED', /`tls\.ca` \(KAFKA_SSL_CA_LOCATION\)/],
  ['another CA', inText, { ca: other.pem }, 'KAFKA_CERTIFICATE_UNTRUSTED', /`tls\.ca` \(KAFKA_SSL_CA_LOCATION\)/],
  ['the CA of the system', inText, { ca: 'system' }, 'KAFKA_CERTIFICATE_UNTRUSTED', /b:1/],
  [
    'an expired certificate',
    { cert: expired.certificate, key: expired.key },
    { ca: authority.pem },
    'KAFKA_CERTIFICATE_EXPIRED',
    /has expired/
  ],
  [
    'another name',
    { cert: elsewhere.certificate, key: elsewhere.key },
    { ca: authority.pem },
    'KAFKA_CERTIFICATE_NAME',
    /KAFKA_SSL_SERVER_NAME/
  ],
  [
    'a client certificate',
    { ...inText, ca: authority.pem, requestCert: true, rejectUnauthorized: true },
    { ca: authority.pem, certificate: client.certificate, key: client.key },
    undefined,
    /yes/
  ],
  [
    'an encrypted key',
    { ...inText, ca: authority.pem, requestCert: true, rejectUnauthorized: true },
    { ca: authority.pem, certificate: locked.certificate, key: locked.key, passphrase: 'S3cret' },
    undefined,
    /yes/
  ],
  ['a port without TLS', 'plaintext', { ca: authority.pem }, 'KAFKA_TLS_MISMATCH', /does not speak TLS/]
])('a connection with %s ends as it says', async (_, server, tls, code, words) => {
  const answer = await served(server, port => answerOf(using(tls), port))
  const fault = tlsFault(answer, 'b:1')
  expect(fault?.code).toBe(code)
  expect(fault?.words ?? answer).toMatch(words)
})

it('a broker that wants a client certificate is reported with the settings of one', async () => {
  const strict = { ...inText, ca: authority.pem, requestCert: true, rejectUnauthorized: true }
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const answer = await served({ ...strict, maxVersion }, port => answerOf(using({ ca: authority.pem }), port))
    // Node's own server closes the connection where a broker sends an alert.
    if (answer.startsWith('ERR_SSL')) expect(tlsFault(answer, 'b:1')?.words).toMatch(/wants a client certificate/)
    else expect(answer).toMatch(/ECONNRESET|closed/)
  }
  for (const alert of ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'])
    expect(tlsFault(alert, 'b:1')).toMatchObject({
      code: 'KAFKA_CERTIFICATE_REFUSED',
      words: expect.stringMatching(/wants a client certificate.*KAFKA_SSL_CERTIFICATE_LOCATION/)
    })
  expect(tlsFault('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'b:1', 'Jan 1 2030')?.words).toMatch(/valid until Jan 1 2030/)
})

it.each<[string, KafkaTls, string, RegExp]>([
  ['a file that is not there', { ca: { file: '/no/such.pem' } }, 'tls.ca', /can be read \(ENOENT\): \/no\/such\.pem/],
  ['no certificate', { ca: 'S3cret' }, 'tls.ca', /there is none in it/],
  ['a damaged certificate', { ca: authority.pem.replace(/\n[^-]{9}/, '\nS3cret+++') }, 'tls.ca', /is damaged/],
  ['no key', { certificate: client.certificate, key: 'S3cret' }, 'tls.key', /there is none in it/],
  ['the key of another one', { certificate: client.certificate, key: broker.key }, 'tls.key', /this is another one/],
  ['no passphrase', { certificate: locked.certificate, key: locked.key }, 'tls.passphrase', /the key is encrypted/],
  [
    'a wrong one',
    { certificate: locked.certificate, key: locked.key, passphrase: 'wrong' },
    'tls.passphrase',
    /does not open/
  ]
])('%s is refused at once, by the name of its option', (_, tls, option, words) => {
  let refused: unknown
  try {
    using(tls)
  } catch (error) {
    refused = error
  }
  expect(refused).toBeInstanceOf(OptionsError)
  expect(refused).toMatchObject({ option: `connection.kafka.${option}`, message: expect.stringMatching(words) })
  expect((refused as Error).message).not.toContain('S3cret')
})

it('a CA that is replaced counts for new connections, and one that cannot be used does not', async () => {
  const file = join(authority.folder, 'rotating.pem')
  writeFileSync(file, other.pem)
  const warnings: object[] = []
  const tls = new TlsOptions({ ca: { file } }, { ...silentLogger, warn: facts => void warnings.push(facts) })
  const answer = () => served(inText, port => answerOf(tls, port))
  expect(await answer()).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  writeFileSync(file, authority.pem)
  expect(await answer()).toBe('yes')
  writeFileSync(file, 'half a')
  expect(await answer()).toBe('yes')
  expect(await answer()).toBe('yes')
  expect(warnings).toMatchObject([{ option: 'tls.ca' }])
  writeFileSync(file, other.pem)
  expect(await answer()).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

it('files that have not changed are parsed once', () => {
  const tls = using({ ca: { file: authority.file } })
  expect(tls.forConnection().secureContext).toBe(tls.forConnection().secureContext)
})
