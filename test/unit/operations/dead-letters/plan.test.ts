import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aggregateOf, type OpenLetter, type PlannedLetter, planOf } from '../../../../consumers/index.ts'
import { portionsOf, type RedrivePlace, sendable, unsent } from '../../../../operations/dead-letters/plan.ts'
import { runs } from '../../../support/properties.ts'

const letter = (offset: number, source: number, more: Partial<OpenLetter> = {}): OpenLetter => ({
  offset,
  source: { topic: 'a.b', partition: 0, offset: source },
  aggregate: 'aa',
  policy: 'skip',
  truncated: false,
  redriveCount: 0,
  bytes: 100,
  isUnderway: false,
  matches: true,
  ...more
})
const rules = { logStart: 0, again: false }
const offsets = (letters: readonly PlannedLetter[]) => letters.map(({ offset }) => offset)

test('a message that became a letter twice is sent once, as its latest letter', () => {
  const { letters } = planOf([letter(1, 5), letter(2, 6), letter(3, 5), letter(4, 6)], rules)
  expect(letters.map(({ offset, copies }) => [offset, copies])).toEqual([
    [3, [1]],
    [4, [2]]
  ])
})

test('a letter that is dead again comes before a later event of its aggregate that died before it', () => {
  const { letters } = planOf([letter(7, 9), letter(8, 5, { redriveCount: 1 })], rules)
  expect(offsets(letters)).toEqual([8, 7])
})

test('what cannot be sent is left out, and counted by its reason', () => {
  const { letters, leftOut } = planOf(
    [
      letter(3, 1, { aggregate: 'a1' }),
      letter(11, 2, { aggregate: 'a2', truncated: true }),
      letter(12, 3, { aggregate: 'a3', redriveCount: 3 }),
      letter(13, 4, { aggregate: 'a4', source: undefined }),
      letter(14, 5, { aggregate: 'a5' })
    ],
    { logStart: 10, again: false }
  )
  expect(offsets(letters)).toEqual([14])
  expect(leftOut).toEqual({ truncated: 1, guarded: 1, gone: 1, unplaced: 1, underway: 0, blocked: 0 })
})

test('a letter that was redriven three times is sent on demand', () => {
  expect(offsets(planOf([letter(1, 5, { redriveCount: 3 })], { ...rules, again: true }).letters)).toEqual([1])
})

test('a parked aggregate is redriven whole, or not at all', () => {
  const park = { policy: 'park' }
  const whole = planOf([letter(1, 5, park), letter(2, 6, { ...park, matches: false })], rules)
  expect([offsets(whole.letters), whole.added]).toEqual([[1, 2], 1])
  const blocked = planOf([letter(1, 5, { ...park, truncated: true }), letter(2, 6, park)], rules)
  expect([offsets(blocked.letters), blocked.leftOut.blocked, blocked.leftOut.truncated]).toEqual([[], 1, 1])
})

test('a message whose first letter matches and whose latest parks its aggregate takes the aggregate along', () => {
  const { letters, added } = planOf(
    [letter(0, 6), letter(1, 6, { policy: 'park', matches: false }), letter(2, 0, { matches: false })],
    rules
  )
  expect([letters.flatMap(({ offset, copies }) => [offset, ...copies]).toSorted(), added]).toEqual([[0, 1, 2], 1])
})

test('a parked aggregate with letters on their way is left out whole', () => {
  const park = { policy: 'park', isUnderway: true }
  const plan = planOf(
    [letter(1, 5, park), letter(2, 6, park), letter(3, 7, { isUnderway: true, aggregate: 'bb' })],
    rules
  )
  expect([offsets(plan.letters), plan.leftOut.underway]).toEqual([[3], 2])
})

test('of a parked aggregate whose letters are partly gone since the plan was made nothing is sent', () => {
  const park = { policy: 'park' }
  const { letters } = planOf([letter(1, 5, park), letter(2, 6, park), letter(3, 7, { aggregate: 'bb' })], rules)
  expect(offsets(sendable(letters, 1))).toEqual([1, 2, 3])
  expect(offsets(sendable(letters, 2))).toEqual([3])
  const skipped = planOf([letter(1, 5), letter(2, 6)], rules).letters
  expect(offsets(sendable(skipped, 2))).toEqual([2])
})

test('a message without a key is of no aggregate: it is sent alone, also by a group that parks', () => {
  const bare = { policy: 'park', aggregate: '' }
  const { letters } = planOf([letter(1, 5, bare), letter(2, 6, { ...bare, matches: false })], rules)
  expect(offsets(letters)).toEqual([1])
})

const letters = fc
  .array(
    fc.record({
      source: fc.record({
        topic: fc.constantFrom('a.b', 'c.d'),
        partition: fc.constantFrom(0, 1),
        offset: fc.nat({ max: 12 })
      }),
      aggregate: fc.constantFrom('aa', 'bb', 'cc'),
      policy: fc.constantFrom('skip', 'park'),
      truncated: fc.boolean(),
      redriveCount: fc.nat({ max: 4 }),
      bytes: fc.nat({ max: 400 }),
      isUnderway: fc.constant(false),
      matches: fc.boolean()
    }),
    { maxLength: 40 }
  )
  .map(all => all.map((each, offset): OpenLetter => ({ ...each, offset })))

test('any plan has each message once, in the order of its source for each aggregate, and only what fits', () => {
  fc.assert(
    fc.property(letters, fc.nat({ max: 20 }), fc.boolean(), (given, logStart, again) => {
      const plan = planOf(given, { logStart, again })
      const places = plan.letters.map(({ source, aggregate }) => `${JSON.stringify(source)} ${aggregate}`)
      expect(new Set(places).size).toBe(places.length)
      for (const each of Map.groupBy(plan.letters, aggregateOf).values()) {
        const order = each.map(({ source }) => source.offset)
        expect(order).toEqual(order.toSorted((one, other) => one - other))
      }
      for (const { truncated, offset, redriveCount } of plan.letters) {
        expect(truncated).toBe(false)
        expect(offset).toBeGreaterThanOrEqual(logStart)
        if (!again) expect(redriveCount).toBeLessThan(3)
      }
      // What is sent of a parked aggregate is all that it has.
      for (const [aggregate, each] of Map.groupBy(plan.letters, aggregateOf))
        if (each.some(({ policy, matches }) => policy === 'park' && matches)) {
          const taken = new Set(each.flatMap(({ offset, copies }) => [offset, ...copies]))
          for (const other of given.filter(other => aggregateOf(other) === aggregate))
            expect(taken).toContain(other.offset)
        }
    }),
    { numRuns: runs(200) }
  )
})

test('wherever a redrive is killed and however often, each letter is sent once and aggregates keep their order', () => {
  fc.assert(
    fc.property(
      letters,
      fc.array(fc.record({ portions: fc.nat({ max: 6 }), lost: fc.array(fc.nat({ max: 2 }), { maxLength: 3 }) }), {
        maxLength: 5
      }),
      fc.integer({ min: 1, max: 7 }),
      (given, kills, most) => {
        const plan = planOf(given, { logStart: 0, again: true }).letters
        const partitionOf = ({ aggregate }: OpenLetter) => ['aa', 'bb', 'cc'].indexOf(aggregate)
        /** The redrive topic: what was sent, whether the killed run could note it or not. */
        const log: PlannedLetter[] = []
        const sent = () =>
          new Map<number, RedrivePlace>(log.map(({ offset }, at) => [offset, { partition: 0, offset: at }]))
        for (const { portions, lost } of [...kills, { portions: Number.POSITIVE_INFINITY, lost: [] }]) {
          let left = portions
          for (const portion of portionsOf(unsent(plan, sent()), { letters: most, bytes: 1_000 })) {
            // The last portion of a killed run reached some partitions, each whole or not at all.
            const reached = left > 0 ? portion : portion.filter(each => !lost.includes(partitionOf(each)))
            log.push(...reached)
            if (left <= 0) break
            left -= 1
          }
        }
        expect(log.map(({ offset }) => offset).toSorted()).toEqual(offsets(plan).toSorted())
        for (const each of Map.groupBy(log, aggregateOf).values()) {
          const order = each.map(({ source }) => source.offset)
          expect(order).toEqual(order.toSorted((one, other) => one - other))
        }
      }
    ),
    { numRuns: runs(200) }
  )
})
