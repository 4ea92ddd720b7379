import { describe, expect, test } from 'vitest'
import { checkEffects, type Effect, type Expected } from '../../integrity/harness/effects/check.ts'
import { failureOf, failures, isFinal } from '../../integrity/harness/effects/failures.ts'

const aggregates = ['a', 'b', 'c']
const turns = 6
/** Of `a` the event 2 fails, and the event 4 after its effect; of `b` the event 3 after its effect. */
const failing: Expected['failureOf'] = (aggregate, turn) =>
  aggregate === 'a' && turn === 2
    ? 'always'
    : `${aggregate}${turn}` === 'a4' || `${aggregate}${turn}` === 'b3'
      ? 'after its effect'
      : undefined
const expected = (policy: 'park' | 'skip', isRedriven: boolean): Expected => ({
  ...{ aggregates, turns, policy, isRedriven },
  failureOf: failing
})

/** Effects as they must be, the aggregates alternating. */
function right(policy: 'park' | 'skip', isRedriven: boolean): Effect[] {
  const first: Effect[] = []
  const later: Effect[] = []
  for (let turn = 0; turn < turns; turn += 1)
    for (const aggregate of aggregates) {
      const parked = policy === 'park' && ((aggregate === 'a' && turn >= 2) || (aggregate === 'b' && turn > 3))
      const waits = parked || failing(aggregate, turn) === 'always'
      if (!waits) first.push({ aggregate, turn })
      else if (isRedriven) later.push({ aggregate, turn })
    }
  return [...first, ...later]
}

const cases = (['park', 'skip'] as const).flatMap(policy => [false, true].map(isRedriven => ({ policy, isRedriven })))

describe.each(cases)('with $policy, redriven: $isRedriven', ({ policy, isRedriven }) => {
  const effects = right(policy, isRedriven)
  const check = (broken: readonly Effect[]) => checkEffects(broken, expected(policy, isRedriven))
  const at = (aggregate: string, turn: number) =>
    effects.findIndex(each => each.aggregate === aggregate && each.turn === turn)

  test('what is right passes', () => {
    expect(check(effects)).toEqual([])
  })

  test.each(
    effects.map((effect, index) => ({ ...effect, index }))
  )('$aggregate $turn must not be missing or done again', ({ aggregate, turn, index }) => {
    expect(check(effects.toSpliced(index, 1))).toContain(`${aggregate} ${turn} has no effect`)
    expect(check([...effects, { aggregate, turn }])).toContain(`${aggregate} ${turn} has its effect again`)
  })

  test('two effects of an aggregate must not be swapped', () => {
    const [one, two] = [at('c', 1), at('c', 2)]
    const swapped = effects.with(one, { aggregate: 'c', turn: 2 }).with(two, { aggregate: 'c', turn: 1 })
    expect(check(swapped)).toEqual(['c 1 was done after 2'])
  })

  test('nothing that was not published may have an effect', () => {
    expect(check([...effects, { aggregate: 'x', turn: 0 }, { aggregate: 'a', turn: 99 }])).toHaveLength(
      policy === 'park' && !isRedriven ? 3 : 2
    )
  })
})

test('with park nothing may overtake an event that failed', () => {
  const overtaken = [...right('park', false), { aggregate: 'a', turn: 3 }]
  expect(checkEffects(overtaken, expected('park', false))).toEqual(['a 3 was done before an event that failed'])
  const late = right('park', true).filter(({ aggregate, turn }) => aggregate !== 'a' || turn !== 2)
  expect(checkEffects([...late, { aggregate: 'a', turn: 2 }], expected('park', true))).toEqual(['a 2 was done after 5'])
})

test('with skip an event that failed has no effect before it is redriven', () => {
  const early = [...right('skip', false), { aggregate: 'a', turn: 2 }]
  expect(checkEffects(early, expected('skip', false))).toEqual(['a 2 was done before an event that failed'])
})

test('about 2 % of handlers fail, each way about as often', () => {
  const all = Array.from({ length: 50_000 }, (_, turn) => failureOf('1', 'a', turn)).filter(each => each !== undefined)
  expect(all.length / 50_000).toBeCloseTo(0.02, 2)
  for (const failure of failures) expect(all.filter(each => each === failure).length).toBeGreaterThan(100)
  expect(failures.filter(isFinal)).toHaveLength(4)
})
