import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLater, sortChanges, textsByWeight, wholeText } from '../../../../consumers/indexer/changes.ts'
import { nextSlot, slots, versionOf } from '../../../../consumers/indexer/opensearch/versions.ts'

const origin = (occurred_at: bigint, event_id: string) => ({ event_name: 'a.b', event_id, occurred_at })

const last = 253_402_300_799_999_999n

test('versions are whole numbers of 63 bits, up to the last time that an event can have', () => {
  expect(versionOf(origin(0n, ''), 0)).toBe('0')
  expect(BigInt(versionOf(origin(last, ''), slots - 1)) < 2n ** 63n).toBe(true)
})

test('a later time has a greater version, whatever the slots', () => {
  const time = fc.bigInt({ min: 0n, max: last - 1n })
  const slot = fc.integer({ min: 0, max: slots - 1 })
  fc.assert(
    fc.property(time, slot, slot, (at, one, other) => {
      expect(BigInt(versionOf(origin(at, ''), one)) < BigInt(versionOf(origin(at + 1n, ''), other))).toBe(true)
    })
  )
})

test('of two events at one time the one with the greater id takes the slot after the other', () => {
  const kept = { occurredAt: 5n, eventId: 'b', slot: 0 }
  expect(nextSlot(origin(5n, 'c'), kept)).toBe(1)
  expect(nextSlot(origin(5n, 'b'), kept)).toBeUndefined()
  expect(nextSlot(origin(5n, 'a'), kept)).toBeUndefined()
  expect(nextSlot(origin(4n, 'c'), kept)).toBeUndefined()
  expect(nextSlot(origin(5n, 'c'), { ...kept, slot: slots - 1 })).toBe(slots - 1)
})

test('of several changes of a document the latest is written, by id, and what is wrong is not', () => {
  const change = (id: string, at: bigint, event_id: string) => ({ id, text: '', ...origin(at, event_id) })
  const changes = [change('b', 1n, 'x'), change('a', 2n, 'x'), change('a', 2n, 'y'), change('', 9n, 'x')]
  const { latest, faults } = sortChanges(changes)
  expect(latest.map(({ at }) => at)).toEqual([2, 0])
  expect(faults.map(fault => (fault as { code?: string } | undefined)?.code)).toEqual([
    undefined,
    undefined,
    undefined,
    'DOCUMENT_INVALID'
  ])
  expect(isLater(origin(2n, 'y'), origin(2n, 'y'))).toBe(false)
})

test('texts without a weight have the weight D', () => {
  const texts = textsByWeight({ text: [{ text: 'one' }, { text: 'two', weight: 'A' }, { text: 'three', weight: 'D' }] })
  expect(texts).toEqual({ A: 'two', B: '', C: '', D: 'one\nthree' })
  expect(wholeText(texts)).toBe('two\none\nthree')
  expect(textsByWeight({ text: 'plain' }).D).toBe('plain')
})
