import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionsError } from '../../../core/index.ts'
import { aggregateIdOf, aggregateIdOf as fromBus } from '../../../producers/index.ts'

describe('aggregateIdOf', () => {
  // Made with Python: uuid.uuid5(uuid.UUID('ebbe72f7-f2f6-513e-9b84-f967fb902c9f'), 'customer:4711')
  it.each([
    ['customer', '4711', 'cb4ad4ff-0933-5190-a6d4-135745905ab6'],
    ['customer', 'Ä €', '6854bbbc-c9d8-55e0-9e81-658e0128cb9f']
  ])('gives for %s %s what other languages give', (kind, key, id) => {
    expect(aggregateIdOf(kind, key)).toBe(id)
    expect(fromBus(kind, key)).toBe(id)
  })

  it('gives another id for another kind or key', () => {
    const kind = fc.stringMatching(/^[a-z][a-z0-9._-]{0,5}$/)
    const key = fc.string({ minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(kind, key, kind, key, (kind1, key1, kind2, key2) => {
        fc.pre(kind1 !== kind2 || key1 !== key2)
        expect(aggregateIdOf(kind1, key1)).not.toBe(aggregateIdOf(kind2, key2))
      })
    )
  })

  it.each([
    ['', '1'],
    ['Customer', '1'],
    ['a:b', '1'],
    ['customer', ''],
    ['customer', '\ud800'],
    ['customer', 4711 as never],
    ['customer', undefined as never]
  ])('refuses %j and %j', (kind, key) => {
    expect(() => aggregateIdOf(kind, key)).toThrow(OptionsError)
  })

  it('does not repeat a key', () => {
    expect(() => aggregateIdOf('customer', 4711 as never)).not.toThrow('4711')
  })
})
