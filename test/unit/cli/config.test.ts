import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../cli/config.ts'
import { registryOf } from '../../../cli/connection.ts'
import { describeError } from '../../../core/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail config '))
afterAll(() => rmSync(folder, { recursive: true }))

function configFile(content: unknown): string {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const env = { KAFKA_BROKERS: 'env:1', TOPIC_PREFIX: 'env.' }

describe('a setting', () => {
  it('comes from the flag, else the environment, else the file, else its default', () => {
    const file = configFile({ brokers: ['file:1', 'file:2'], topicPrefix: 'file.', partitions: 3, logLevel: 'warn' })
    const config = loadConfig({ flags: { brokers: 'flag:1, flag:2' }, env, file })
    expect(config.get('brokers')).toEqual(['flag:1', 'flag:2'])
    expect(config.get('topicPrefix')).toBe('env.')
    expect(config.get('partitions')).toBe(3)
    expect(config.get('logLevel')).toBe('warn')
    expect(config.get('retentionMs')).toBe(604_800_000)
    // The brokers' own.
    expect(config.get('replicationFactor')).toBeUndefined()
    expect(loadConfig({ env: {}, file }).get('brokers')).toEqual(['file:1', 'file:2'])
    expect(loadConfig({ env: {} })).toMatchObject({ security: {} })
  })

  it('that is empty in the environment counts as not given; an empty flag is given', () => {
    expect(loadConfig({ env: { TOPIC_PREFIX: '', TOPIC_PARTITIONS: '' } }).get('partitions')).toBe(6)
    expect(loadConfig({ flags: { topicPrefix: '' }, env }).get('topicPrefix')).toBe('')
  })

  it('is read from the file that EVENTTRAIL_CONFIG names, unless another one is given', () => {
    const named = configFile({ topicPrefix: 'named.' })
    const given = configFile({ topicPrefix: 'given.' })
    expect(loadConfig({ env: { EVENTTRAIL_CONFIG: named } }).get('topicPrefix')).toBe('named.')
    expect(loadConfig({ env: { EVENTTRAIL_CONFIG: named }, file: given }).get('topicPrefix')).toBe('given.')
  })

  it('loses the slash at the end of a URL', () => {
    expect(loadConfig({ env: { SCHEMA_REGISTRY_URL: 'http://host/apis/v7//' } }).get('registryUrl')).toEqual([
      'http://host/apis/v7'
    ])
  })
})

describe('what is missing or wrong', () => {
  it('names the variable, the flag and the key', () => {
    const config = loadConfig({ env: {} })
    expect(config.get('databaseUrl')).toBeUndefined()
    expect(() => config.require('databaseUrl')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_MISSING',
        message: expect.stringMatching(/DATABASE_URL.*--database.*"databaseUrl"/)
      })
    )
  })

  it.each([
    [{ TOPIC_PARTITIONS: '0' }, 'TOPIC_PARTITIONS'],
    [{ TOPIC_PARTITIONS: '1.5' }, 'TOPIC_PARTITIONS'],
    [{ TOPIC_PREFIX: 'x y' }, 'TOPIC_PREFIX'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ KAFKA_SSL: 'yes' }, 'KAFKA_SSL'],
    [{ SCHEMA_REGISTRY_URL: 'no url' }, 'SCHEMA_REGISTRY_URL'],
    [{ KAFKA_BROKERS: ' , ' }, 'KAFKA_BROKERS']
  ])('names where it was given: %j', (given, where) => {
    expect(() => loadConfig({ env: given })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(where) })
    )
  })

  it('never repeats a URL, which may hold a password', () => {
    const secret = 'postgres//user:secret@host'
    expect(() => loadConfig({ env: { DATABASE_URL: secret } })).toThrow('DATABASE_URL: expected a URL')
  })

  it.each([
    ['KAFKA_BROKERS', 'user:S3cret@host:9092'],
    ['SCHEMA_REGISTRY_URL', 'http://user:S3cret#1@host'],
    ['DATABASE_URL', 'postgres://user:S3cret/1@host/db'],
    ['SMTP_URL', 'smtp://user:S3cret?1@host'],
    ['KAFKA_SASL_MECHANISM', 'S3cret'],
    ['KAFKA_SSL', 'S3cret'],
    ['KAFKA_SECURITY_PROTOCOL', 'S3cret'],
    ['KAFKA_SSL_KEY_PEM', 'S3cret'],
    ['KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL', 'https://user:S3cret@issuer/token'],
    ['KAFKA_SASL_OAUTHBEARER_EXTENSIONS', 'S3cret'],
    ['TOPIC_PARTITIONS', 'S3cret'],
    ['EVENTTRAIL_STATUS_PORT', 'S3cret'],
    ['LOG_LEVEL', 'S3cret']
  ])('%s is named, and what it held is not repeated', (name, value) => {
    let message = ''
    try {
      loadConfig({ env: { [name]: value } })
    } catch (error) {
      message = describeError(error)
    }
    expect(message).toMatch(new RegExp(`^${name}: expected`))
    expect(message).not.toContain('S3cret')
  })

  it('quotes nothing of a file that is no JSON', () => {
    const file = configFile('{"saslPassword":CONFSECRET"}')
    expect(() => loadConfig({ env: {}, file })).toThrow('cannot be read as JSON')
    try {
      loadConfig({ env: {}, file })
    } catch (error) {
      expect(describeError(error)).not.toContain('SECRET')
      expect((error as Error).cause).toBeUndefined()
    }
  })

  it('takes a file that begins with a byte order mark', () => {
    expect(loadConfig({ env: {}, file: configFile('\uFEFF{"partitions":3}') }).get('partitions')).toBe(3)
  })

  it.each([
    ['no JSON', '{', 'cannot be read as JSON'],
    ['a key twice', '{"partitions":3,"partitions":4}', 'a key twice, the second at position 16'],
    ['no object', [1], 'must hold one JSON object'],
    ['a key that is none', { broker: 'x' }, 'unknown keys: broker. Known are: brokers'],
    ['a value of no setting', { brokers: null }, '"brokers" in'],
    ['an object for a value', { databaseUrl: { host: 'x' } }, '"databaseUrl" in']
  ])('reports a file with %s', (_, content, words) => {
    const file = configFile(content)
    expect(() => loadConfig({ env: {}, file })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^CONFIG_/), message: expect.stringContaining(words) })
    )
    expect(() => loadConfig({ env: {}, file })).toThrow(file)
  })

  it('reports a missing file', () => {
    expect(() => loadConfig({ env: {}, file: join(folder, 'absent.json') })).toThrow(
      /^There is no config file .*absent\.json$/
    )
  })
})

describe('what Kafka asks for', () => {
  it('is TLS and SASL as they are set', () => {
    const sasl = { KAFKA_SASL_MECHANISM: 'scram-sha-256', KAFKA_SASL_USERNAME: 'trail', KAFKA_SASL_PASSWORD: 'secret' }
    expect(loadConfig({ env: { KAFKA_SSL: 'true', ...sasl } }).security).toEqual({
      tls: true,
      sasl: { mechanism: 'scram-sha-256', username: 'trail', password: 'secret' }
    })
    expect(loadConfig({ env: { KAFKA_SSL: 'false' } }).security).toEqual({})
  })

  it.each(['SCRAM-SHA-512', 'scram-sha-512', 'Scram-Sha-512 '])('takes %s as the mechanism', mechanism => {
    const env = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: 'trail', KAFKA_SASL_PASSWORD: 'secret' }
    expect(loadConfig({ env }).security.sasl?.mechanism).toBe('scram-sha-512')
  })

  it.each([
    [{ KAFKA_SASL_USERNAME: 'trail', KAFKA_SASL_PASSWORD: 'secret' }, 'KAFKA_SASL_MECHANISM is not set'],
    [{ KAFKA_SASL_PASSWORD: 'secret' }, 'KAFKA_SASL_MECHANISM and KAFKA_SASL_USERNAME are not set'],
    [{ KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_PASSWORD: 'secret' }, 'KAFKA_SASL_USERNAME is not set']
  ])('is refused when it is half a login: %j', (env, words) => {
    expect(() => loadConfig({ env }).security).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(words) })
    )
  })

  it('misses a password by its name', () => {
    const config = loadConfig({ env: { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'trail' } })
    expect(() => config.security).toThrow('KAFKA_SASL_PASSWORD is not set')
  })
})

describe('where the registry is', () => {
  it('comes with its login from flag, environment and file', () => {
    const file = configFile({ registryUrl: ['https://file'], registryCa: '/tls/ca.pem', registryClientId: '' })
    const env = { SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO_FILE: '/run/secrets/registry' }
    expect(registryOf(loadConfig({ flags: { registryUrl: 'https://a, https://b' }, env, file }))).toEqual({
      url: ['https://a', 'https://b'],
      auth: { basic: { userInfo: { file: '/run/secrets/registry' } } },
      tls: { ca: { file: '/tls/ca.pem' } }
    })
    expect(registryOf(loadConfig({ env: {}, file }))).toEqual({
      url: 'https://file',
      tls: { ca: { file: '/tls/ca.pem' } }
    })
  })

  it('is refused with half a login, and when it is missing', () => {
    const url = { SCHEMA_REGISTRY_URL: 'https://a' }
    expect(() => registryOf(loadConfig({ env: { ...url, SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID: 'me' } }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' })
    )
    expect(() => registryOf(loadConfig({ env: {} }))).toThrow(expect.objectContaining({ code: 'CONFIG_MISSING' }))
  })
})
