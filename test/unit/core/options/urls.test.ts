import { describe, expect, it } from 'vitest'
import {
  checkBrokers,
  checkDatabaseUrl,
  checkRegistryUrl,
  checkSmtpUrl,
  exposedDatabase,
  readDatabaseUrl
} from '../../../../core/options/urls.ts'

const secret = 'S3cret'

describe('an address that would be read as another one', () => {
  it.each([
    `postgres://u:${secret}#x@host/db`,
    `postgres://u:${secret}/x@host/db`,
    `postgres://u:12/${secret}@host/db`,
    `postgres://u:${secret}?x@host/db`,
    `postgres://u:12?${secret}@host/db`,
    `postgres://u:${secret}%zz@host/db`,
    `postgres://u:${secret}%@host/db`,
    `postgres://u:${secret} x@host/db`,
    `postgres://u:${secret}@host:port/db`
  ])('%s is refused with a hint, and not repeated', text => {
    for (const [check, scheme] of [
      [checkDatabaseUrl, 'postgres'],
      [checkRegistryUrl, 'http'],
      [checkSmtpUrl, 'smtp']
    ] as const) {
      let message = ''
      try {
        check(text.replace('postgres', scheme))
      } catch (error) {
        message = (error as Error).message
      }
      expect(message).toMatch(/[Pp]ercent-encode/)
      expect(message).not.toMatch(/S3cret|@host|\b12\b/)
    }
  })

  it.each([
    'postgres://host/db?channel_binding=require',
    'postgres://host/db?require_auth=scram-sha-256',
    'postgres://host/db?target_session_attrs=read-write',
    'postgres://host/db?sslmode=maybe',
    'postgres://a,b/db',
    'postgres://host/db?host=a,b',
    'postgres://host/db?options=-d',
    'postgres://host/db?options=-c%20lock_timeout',
    'postgres://host/db?connect_timeout=soon',
    'postgres://host/db?sslmode=disable&sslmode=verify-full',
    'mysql://host/db',
    'host=localhost dbname=trail'
  ])('%s is refused, for it could not be done', text => {
    expect(() => checkDatabaseUrl(text)).toThrow(/^expected/)
  })

  it.each([
    'u:S3cret@127.0.0.1:99999/x',
    'host:65536',
    '[::1]:70000?x=y',
    ':99999/x'
  ])('a port in %s that is none is named, without words about letters in a password', rest => {
    const words = 'expected a URL with a port from 1 to 65535'
    expect(() => checkDatabaseUrl(`postgres://${rest}`)).toThrow(new Error(words))
    expect(() => checkRegistryUrl(`http://${rest}`)).toThrow(/^expected a URL/)
    expect(() => checkSmtpUrl(`smtp://${rest}`)).toThrow(new Error(words))
  })

  it('what may be a part of a password is not called a port', () => {
    expect(() => checkDatabaseUrl(`postgres://u:99999/${secret}@host/db`)).toThrow(/Percent-encode/)
  })

  it('a parameter that has no effect is no letter in a password', () => {
    expect(() => checkDatabaseUrl('postgres://host/db?foo=1')).toThrow(/others would have no effect$/)
    expect(() => checkRegistryUrl('http://host/?tenant=x')).toThrow(/without parameters \(\?\)$/)
  })

  it.each(['http://host/?tenant=x', 'ftp://host', 'host:8081', '//host'])('%s is no registry', text => {
    expect(() => checkRegistryUrl(text)).toThrow(/^(expected|the parameter)/)
  })

  it.each([
    'smtp://host?requireTLS=true',
    'smtp://host/path',
    'smtp://',
    'mail://host'
  ])('%s is no mail server', text => {
    expect(() => checkSmtpUrl(text)).toThrow(/^(expected|the parameter)/)
  })

  it.each([
    'host',
    'host:0',
    'host:70000',
    'host:9092/x',
    'PLAINTEXT://host:9092',
    '::1',
    '::1:9092',
    '[::1]',
    '[::1]:0',
    '[::1]:9092:9093',
    '[localhost]:9092',
    '2001:db8::1:9092',
    `u:${secret}@host:9092`
  ])('%s is no broker', text => {
    expect(() => checkBrokers([text])).toThrow(/^expected/)
    expect(() => checkBrokers([text])).not.toThrow(secret)
  })
})

describe('an address that is right', () => {
  it('passes as it is', () => {
    for (const text of [
      'postgres://user:p%40ss%23@host:5432/db?sslmode=verify-full&sslrootcert=/ca.crt',
      'postgresql:///db?host=/var/run/postgresql',
      'postgres://host/db?application_name=x&options=-c%20search_path%3Dtrail',
      'postgres://[::1]:5432/db'
    ])
      expect(checkDatabaseUrl(text)).toBe(text)
    expect(checkRegistryUrl('https://user:pass@host:8081/apis/ccompat/v7//')).toBe(
      'https://user:pass@host:8081/apis/ccompat/v7'
    )
    expect(checkSmtpUrl('smtp://user:p%2Fss@[::1]:25/')).toBe('smtp://user:p%2Fss@[::1]:25')
    const brokers = ['a:1', '10.0.0.1:65535', '[::1]:9092', '[2001:db8::1]:1', '[::ffff:10.0.0.1]:1']
    expect(checkBrokers(brokers)).toEqual(brokers)
  })

  it.each([
    ['postgres://db.internal/trail', /not encrypted: add sslmode=verify-full/],
    ['postgres://10.0.0.7/trail?sslmode=disable', /not encrypted/],
    ['postgres://db.internal/trail?sslmode=no-verify', /any server/],
    ['postgres://db.internal/trail?sslmode=require&uselibpqcompat=true', /any server/],
    ['postgres:///trail?host=db.internal', /not encrypted/]
  ])('%s is exposed', (url, words) => expect(exposedDatabase(url, {})).toMatch(words))

  it.each([
    'postgres://localhost/trail',
    'postgres://127.0.0.1/trail',
    'postgres://[::1]/trail',
    'postgres:///trail?host=/var/run/postgresql',
    'postgres://db.internal/trail?sslmode=verify-full&sslrootcert=/ca.pem',
    // pg takes it for verify-full.
    'postgres://db.internal/trail?sslmode=require',
    'postgres://db.internal/trail?sslrootcert=/ca.pem',
    'postgres://db.internal/trail?sslmode=verify-ca&sslrootcert=/ca.pem&uselibpqcompat=true'
  ])('%s is not exposed', url => expect(exposedDatabase(url, {})).toBeUndefined())

  it('is judged by PGSSLMODE too, where the URL says nothing', () => {
    expect(exposedDatabase('postgres://db.internal/trail', { PGSSLMODE: 'require' })).toBeUndefined()
    expect(exposedDatabase('postgres://db.internal/trail', { PGSSLMODE: 'no-verify' })).toMatch(/any server/)
    expect(exposedDatabase('postgres://db.internal/trail?sslmode=disable', { PGSSLMODE: 'require' })).toMatch(/not enc/)
  })

  it.each([
    'channel_binding=require',
    'require_auth=scram-sha-256'
  ])('%s is refused by its name, with what to use', parameter => {
    expect(() => checkDatabaseUrl(`postgres://u:${secret}@host/db?${parameter}`)).toThrow(
      new RegExp(`^expected a URL without ${parameter.split('=')[0]}, .*sslmode=verify-full`)
    )
  })

  it('of a Postgres is taken apart as Postgres itself does it', () => {
    const url = new URL('postgres://user@host/db?sslmode=require')
    url.searchParams.set('application_name', 'mine')
    url.searchParams.set('connect_timeout', '3')
    url.searchParams.set('options', '-c a.b=1  -cx=a\\ b --log-min-messages=log -c y=c\\\\d= -c z=')
    expect(readDatabaseUrl(url.href)).toEqual({
      // As pg takes it, and without pg's warning about it.
      connectionString: 'postgres://user@host/db?sslmode=verify-full',
      applicationName: 'mine',
      files: [],
      connectTimeoutMs: 3_000,
      settings: [
        ['a.b', '1'],
        ['x', 'a b'],
        ['log_min_messages', 'log'],
        ['y', 'c\\d='],
        ['z', '']
      ]
    })
  })
})
