import { expect, test } from 'vitest'
import { describeError, safeError } from '../../../core/index.ts'
import { PostgresError, unavailable } from '../../../postgres/errors.ts'

const fromPostgres = (code: string, message: string) =>
  Object.assign(new Error(message), { code, severity: 'ERROR', routine: 'aclcheck_error' })

test('a missing right is a code of its own, names its table, and passes without a restart once it is given', () => {
  const denied = unavailable(fromPostgres('42501', 'permission denied for table sink_offsets'))
  expect(denied).toMatchObject({ code: 'POSTGRES_DENIED', retryable: true, misconfigured: true })
  expect(denied.message).toBe(
    'Postgres denies the role of this session a right on table sink_offsets (42501): `eventtrail migrate --roles`, as the owner of the tables, gives each part its rights'
  )
  // The cause says nothing more.
  expect(describeError(denied)).toBe(denied.message)
  // What is wrapped once more keeps its code.
  expect(unavailable(denied)).toBe(denied)
})

test('a log names the table too, and no word of Postgres besides', () => {
  expect(safeError(fromPostgres('42501', 'permission denied for table sink_offsets'))).toEqual({
    type: 'DatabaseError',
    code: '42501',
    message: 'Postgres denies the role of this session a right on table sink_offsets (42501)'
  })
  const secret = safeError(fromPostgres('42501', 'ada@example.org may not do this'))
  expect(JSON.stringify(secret)).not.toContain('ada')
})

test.each([
  ['3D000', /no database of the name/],
  ['28P01', /password/],
  ['53300', /max_connections/],
  ['57P01', /unreachable/]
])('%s stays what it was', (code, words) => {
  const error = unavailable(fromPostgres(code, 'x'))
  expect(error).toBeInstanceOf(PostgresError)
  expect(error).toMatchObject({ code: 'POSTGRES_UNAVAILABLE', message: expect.stringMatching(words) })
})

test.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', /no CA .*sslrootcert/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /no CA .*sslrootcert/],
  ['CERT_HAS_EXPIRED', /has expired/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /requires a client certificate.*sslcert/],
  ['', /does not speak TLS/]
])('a fault of TLS (%s) is a code of its own, and never "unreachable"', (code, words) => {
  const error = unavailable(Object.assign(new Error('The server does not support SSL connections'), { code }))
  expect(error).toMatchObject({ code: 'POSTGRES_TLS', retryable: true, misconfigured: true })
  expect(error.message).toMatch(words)
  expect(error.message).not.toContain('unreachable')
  expect(unavailable(error)).toBe(error)
})
