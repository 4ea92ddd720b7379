import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { identify } from '../../../producers/envelope.ts'
import { createIds } from '../../../producers/ids.ts'

const aggregate = randomUUID()
const never = (): never => {
  throw new Error('an id was made')
}

describe('what identifies an event', () => {
  it.each([
    ['ahead of the clock that is read for the time', () => Date.now() + 5],
    ['ahead, as after the clock was set back', () => Date.now() + 3_600_000],
    ['behind', () => Date.now() - 1]
  ])('is the same when it is published again under its id, the clock of ids being %s', (_, clock) => {
    const newId = createIds(clock)
    for (let count = 0; count < 1_000; count += 1) {
      const first = identify('a.b', aggregate, undefined, newId)
      expect(identify('a.b', aggregate, { id: first.id }, never)).toEqual(first)
      expect(identify('a.b', aggregate, { id: first.id.toUpperCase() }, never)).toEqual(first)
    }
  })

  it('has the time that the caller gives, whatever the id says', () => {
    const id = v7({ msecs: 1_700_000_000_000 })
    expect(identify('a.b', aggregate, { id, occurredAt: 5n }, never).occurred_at).toBe(5n)
    expect(identify('a.b', aggregate, { id, occurredAt: new Date(7) }, never).occurred_at).toBe(7_000n)
  })

  it.each([
    ['before 1970', -1n],
    ['after 9999', 253_402_300_800_000_000n],
    ['a Date before 1970', new Date(-1)],
    ['a Date after 9999', new Date(253_402_300_800_000)],
    ['no time', new Date(Number.NaN)],
    ['a number, whose unit nobody knows', 1_700_000_000_000 as never],
    ['text', '2026-09-01' as never]
  ])('has no time that is %s', (_, occurredAt) => {
    const work = () => identify('a.b', aggregate, { occurredAt }, createIds())
    expect(work).toThrow(
      'expected `occurredAt` to be a Date, or microseconds since 1970 as a bigint, from 1970 to 9999'
    )
    expect(work).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID', field: 'occurredAt' }))
  })
})
