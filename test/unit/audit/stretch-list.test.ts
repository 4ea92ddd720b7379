import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rootOf } from '../../../audit/verify/account/stretch.ts'
import { StretchList } from '../../../audit/verify/account/stretch-list.ts'
import type { Source } from '../../../audit/verify/source.ts'
import { runs } from '../../support/properties.ts'

const place = { topic: 'badge.awarded', partition: 0, incarnation: 1 }
const other = { ...place, topic: 'a.badge.awarded' }
const source = (index: number): Source => ({
  ...{ kind: 'batch', index, isOld: false, recorded: { first: 0, last: 10 }, isTrusted: true }
})
const leafAt = (offset: number) => Buffer.alloc(32, offset % 251)
const none = { duplicates: 0, quarantined: 0, lost: 0, aside: null }

/** A stretch of some offsets, of which the last ones are skipped. */
function given(first: number, size: number, skipped: number) {
  const rows = Math.max(0, size - skipped)
  const offsets = Array.from({ length: rows }, (_, index) => first + index)
  const root = rows === 0 ? null : (rootOf(Buffer.concat(offsets.map(leafAt))) as string)
  return { offsets, given: { ...none, first, last: first + size - 1, rows, skipped: size - rows, root } }
}

test('stretches in columns are those that were added, in their order, and take their rows', () => {
  const sizes = fc.array(
    fc.record({ size: fc.integer({ min: 1, max: 5 }), skipped: fc.nat(2), isOther: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 60
    }
  )
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.nat()), (shapes, random) => {
      let next = 0
      const made = shapes.map(({ size, skipped, isOther }, index) => {
        const stretch = { ...given(next, size, skipped), place: isOther ? other : place, source: source(index) }
        next += size
        return { ...stretch, key: random.next().value as number }
      })
      const list = new StretchList(place)
      for (const each of made.toSorted((one, two) => one.key - two.key)) list.push(each.source, each.place, each.given)
      list.sort()
      expect([list.size, list.first, list.end]).toEqual([made.length, 0, next])
      const seen = [...list.all()]
      expect(seen.map(stretch => stretch.given)).toEqual(made.map(each => each.given))
      expect(seen.map(stretch => stretch.where)).toEqual(
        made.map(each => expect.objectContaining({ topic: each.place.topic, entry: each.source.index }))
      )
      expect([list.find(-1), list.find(next)]).toEqual([undefined, undefined])
      const rows = made
        .flatMap(({ offsets }) => offsets)
        .map(offset => ({ offset, key: random.next().value as number }))
        .sort((one, two) => one.key - two.key)
      for (const { offset } of rows)
        expect(list.find(offset)?.put(offset, leafAt(offset).toString('latin1'))).toBe('placed')
      expect([...list.all()].map(({ state }) => state)).toEqual(made.map(() => 'whole'))
      for (const { offset } of rows)
        expect(list.find(offset)?.put(offset, leafAt(offset).toString('latin1'))).toBe('twice')
    }),
    { numRuns: runs(60) }
  )
})

test('what is not whole, or was stored at another time, is left over', () => {
  const list = new StretchList(place)
  for (const first of [0, 5, 10, 15]) list.push(source(first), place, given(first, 5, 0).given)
  list.sort()
  const put = (offset: number, leaf = leafAt(offset)) => list.find(offset)?.put(offset, leaf.toString('latin1'))
  for (const offset of [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 19]) put(offset)
  const last = list.find(19)
  if (last) last.outside = { count: 1, offset: 17 }
  for (const offset of [10, 11, 12, 13, 14]) put(offset, leafAt(1))
  list.find(0)
  expect([...list.all(true)].map(({ given: { first }, state, count }) => ({ first, state, count }))).toEqual([
    { first: 5, state: 'open', count: 4 },
    { first: 10, state: 'differs', count: 5 },
    { first: 15, state: 'whole', count: 5 }
  ])
})
