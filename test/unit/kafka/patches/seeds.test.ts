import { expect, test } from 'vitest'
import { Seeds } from '../../../../kafka/kafkajs/patches/seeds.ts'

test('a broker that did not answer comes last, and comes again once the others did not either', () => {
  const seeds = new Seeds(['a:1', 'b:1', 'c:1'])
  expect([seeds.next, seeds.hasOthers]).toEqual(['a:1', true])
  seeds.failed('a:1')
  seeds.failed('elsewhere:1')
  expect(seeds.next).toBe('b:1')
  seeds.failed('c:1')
  expect(seeds.next).toBe('b:1')
  seeds.failed('b:1')
  expect(seeds.next).toBe('a:1')
  const alone = new Seeds(['a:1'])
  alone.failed('a:1')
  expect([alone.next, alone.hasOthers]).toEqual(['a:1', false])
})
