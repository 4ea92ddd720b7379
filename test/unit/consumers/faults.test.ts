import { describe, expect, test } from 'vitest'
import { ConsumerError, RejectMessage, RetryLater } from '../../../consumers/errors.ts'
import { faultName, faultNames, judge } from '../../../consumers/pipeline/faults.ts'

const withCode = (code: string): Error => Object.assign(new Error('x'), { code })
const database = (code: string): Error => Object.assign(new Error('x'), { code, severity: 'ERROR' })

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
    ['a code that only looks like a SQLSTATE', withCode('57P01'), 'retry']
  ])('%s', (_, thrown, verdict) => {
    expect(judge(thrown)).toBe(verdict)
  })
})

describe('faultName', () => {
  test.each([
    [new TypeError('Ada Lovelace'), 'TypeError'],
    [database('23505'), '23505'],
    [new RetryLater('Ada'), 'RETRY_LATER'],
    ['Ada Lovelace', 'string'],
    [undefined, 'undefined'],
    [Object.assign(new Error('x'), { code: 'no name: ada@example.org' }), 'Error'],
    [Object.assign(new Error('x'), { name: 'ada@example.org' }), 'Error']
  ])('%s is named without a word of its message', (thrown, name) => {
    expect(faultName(thrown)).toBe(name)
  })
})

test('a fault is logged with the names of its causes', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  expect(faultNames(new RetryLater('away', refused))).toBe('RETRY_LATER, ECONNREFUSED')
  expect(faultNames(undefined)).toBe('undefined')
})
