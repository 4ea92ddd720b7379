import { describe, expect, test } from 'vitest'
import { ConsumerError, RejectMessage, RetryLater } from '../../../consumers/errors.ts'
import { faultName, faultNames, judge } from '../../../consumers/pipeline/failures/faults.ts'

const withCode = (code: string): Error => Object.assign(new Error('x'), { code })
const database = (code: string): Error => Object.assign(new Error('x'), { code, severity: 'ERROR' })
const around = (cause: unknown, error = new Error('Ada')): Error => Object.assign(error, { cause })

// As the libraries throw them: Drizzle 0.45, TypeORM 1.1, Sequelize 6.37, Prisma 7.10 with its adapter for pg.
const inTypeOrm = (cause: Error): Error => Object.assign(new Error('x'), { driverError: cause, ...cause })
const inSequelize = (cause: Error): Error =>
  Object.assign(new Error('x'), { name: 'SequelizeDatabaseError', parent: cause, original: cause })
const inPrisma = (code: string, facts: object): Error => {
  const driverAdapterError = around(facts, Object.assign(new Error('x'), { name: 'DriverAdapterError' }))
  return Object.assign(withCode(code), { name: 'PrismaClientKnownRequestError', meta: { driverAdapterError } })
}

describe('judge', () => {
  test.each([
    ['a TypeError', new TypeError('x'), 'retry'],
    ['a RangeError', new RangeError('x'), 'retry'],
    ['a string', 'x', 'retry'],
    ['undefined', undefined, 'retry'],
    ['null', null, 'retry'],
    ['an error with an unknown code', withCode('E_MINE'), 'retry'],
    ['RetryLater', new RetryLater('x'), 'wait'],
    ['RejectMessage', new RejectMessage('x'), 'give up'],
    ['an error of ours that is final', new ConsumerError('NULL_VALUE', 'x'), 'give up'],
    ['a refused connection', withCode('ECONNREFUSED'), 'wait'],
    ['a database that shuts down', database('57P01'), 'wait'],
    ['a serialization failure', database('40001'), 'wait'],
    ['a standby', database('25006'), 'wait'],
    ['a constraint', database('23505'), 'retry'],
    ['a code that only looks like a SQLSTATE', withCode('57P01'), 'retry'],
    ['a serialization failure in Drizzle', around(database('40001')), 'wait'],
    ['a serialization failure in TypeORM', inTypeOrm(database('40001')), 'wait'],
    ['a deadlock in Sequelize', inSequelize(database('40P01')), 'wait'],
    ['a serialization failure in Prisma', inPrisma('P2034', { originalCode: '40001', kind: 'x' }), 'wait'],
    ['one of a statement in Prisma', inPrisma('P2010', { originalCode: '40001', kind: 'x' }), 'wait'],
    ['a database that Prisma does not reach', inPrisma('P1001', { kind: 'DatabaseNotReachable' }), 'wait'],
    ['a constraint in Drizzle', around(database('23505')), 'retry'],
    ['a constraint in TypeORM', inTypeOrm(database('23505')), 'retry'],
    ['a constraint in Sequelize', inSequelize(database('23505')), 'retry'],
    ['a constraint in Prisma', inPrisma('P2002', { originalCode: '23505', kind: 'x' }), 'retry'],
    ['a session that postgres.js has lost', withCode('CONNECTION_CLOSED'), 'wait'],
    ['a fetch that reaches no server', around(withCode('ECONNREFUSED'), new TypeError('fetch failed')), 'wait'],
    ['what was made from RetryLater', around(new RetryLater('x')), 'wait'],
    ['what was made from RejectMessage', around(new RejectMessage('x')), 'retry'],
    ['RejectMessage made from an outage', new RejectMessage('x', withCode('ECONNREFUSED')), 'give up'],
    ['what is final, made from an outage', around(new RejectMessage('x', withCode('ECONNRESET'))), 'retry'],
    ['a time-out in another error', around(new ConsumerError('HANDLER_TIMEOUT', 'x', withCode('EPIPE'))), 'retry'],
    [
      'an error whose cause is itself',
      Object.defineProperty(withCode('x'), 'cause', { get: () => withCode('x') }),
      'retry'
    ]
  ])('%s', (_, thrown, verdict) => {
    expect(judge(thrown)).toBe(verdict)
  })
})

describe('faultName', () => {
  test.each([
    [new TypeError('Ada Lovelace'), 'TypeError'],
    [database('23505'), '23505'],
    [new RetryLater('Ada'), 'RETRY_LATER'],
    [around(database('23505')), '23505'],
    [around(withCode('ECONNREFUSED'), new TypeError('fetch failed')), 'TypeError'],
    [around({ reason: 'Ada Lovelace' }), 'Error'],
    ['Ada Lovelace', 'string'],
    [undefined, 'undefined'],
    [Object.assign(new Error('x'), { code: 'no name: ada@example.org' }), 'Error'],
    [Object.assign(new Error('x'), { name: 'ada@example.org' }), 'Error'],
    [withCode('0199d6a0-0000-7000-8000-000000000001'), 'Error'],
    [withCode('order-471108155'), 'Error'],
    [withCode('ERR_HTTP2_STREAM_ERROR'), 'ERR_HTTP2_STREAM_ERROR']
  ])('%s is named without a word of its message', (thrown, name) => {
    expect(faultName(thrown)).toBe(name)
  })
})

test('a fault is logged with the names of its causes', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  expect(faultNames(new RetryLater('away', refused))).toBe('RETRY_LATER, ECONNREFUSED')
  expect(faultNames(around(database('23505')))).toBe('Error, 23505')
  expect(faultNames(undefined)).toBe('undefined')
})
