import { expect, it } from 'vitest'
import { milliseconds, wholeNumber } from '../../../cli/command.ts'
import { loadConfig } from '../../../cli/config.ts'

it.each([
  '0x5',
  '1e10',
  '1e3',
  ' 5',
  '5.0',
  '+5',
  '-1',
  '',
  '9007199254740993',
  '٣'
])('the flag %j is no number in decimal digits', text => {
  expect(() => wholeNumber(0)(text)).toThrow('Expected a whole number from 0.')
  expect(() => loadConfig({ env: { TOPIC_PARTITIONS: `${text}x` } })).toThrow('expected a whole number from 1')
})

it('a flag has its bounds', () => {
  expect(wholeNumber(1, 100)('100')).toBe(100)
  expect(() => wholeNumber(1, 100)('101')).toThrow('Expected a whole number from 1 to 100.')
  expect(() => milliseconds(0)('2147483648')).toThrow('Expected a whole number from 0 to 2147483647.')
  expect(loadConfig({ env: { TOPIC_PARTITIONS: '12' } }).get('partitions')).toBe(12)
  expect(() => loadConfig({ env: { TOPIC_PARTITIONS: '0x5' } })).toThrow('expected a whole number from 1')
})
