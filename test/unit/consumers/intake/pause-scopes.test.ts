import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWithin, PauseScopes } from '../../../../consumers/intake/pause-scopes.ts'

const topics = ['a', 'b'] as const
const everywhere = topics.flatMap(topic => [0, 1].map(partition => ({ topic, partition })))
const scope = fc.oneof(
  fc.constant({}),
  fc.record({ topic: fc.constantFrom(...topics) }),
  fc.constantFrom(...everywhere)
)
const order = fc.record({ pauses: fc.boolean(), scope })

test('of two requests about a partition the later one counts', () => {
  fc.assert(
    fc.property(fc.array(order, { maxLength: 12 }), orders => {
      const scopes = new PauseScopes()
      const paused = new Map(everywhere.map(source => [source, false]))
      for (const { scope, pauses } of orders) {
        if (pauses) scopes.pause(scope)
        else scopes.resume(scope)
        for (const source of everywhere) if (isWithin(scope, source)) paused.set(source, pauses)
      }
      for (const source of everywhere) expect(scopes.covers(source)).toBe(paused.get(source))
    })
  )
})

test('a partition that comes later is paused with its topic', () => {
  const scopes = new PauseScopes([{ topic: 'a' }])
  expect(scopes.covers({ topic: 'a', partition: 77 })).toBe(true)
  expect(scopes.covers({ topic: 'b', partition: 0 })).toBe(false)
})
