import { type Failure, isFinal } from './failures.ts'

/** What a handler did with an event, in the order of their transactions. */
export interface Effect {
  readonly aggregate: string
  /** The event was the nth of its aggregate, from 0. */
  readonly turn: number
}

/** What was published, and how far it should be done. */
export interface Expected {
  readonly aggregates: readonly string[]
  /** Events of each aggregate. */
  readonly turns: number
  readonly policy: 'skip' | 'park'
  /** Whether dead letters were redriven with handlers that fail no more. */
  readonly isRedriven: boolean
  readonly failureOf: (aggregate: string, turn: number) => Failure | undefined
}

/**
 * What is wrong with the effects of a group, in words. Each event has its effect once. With `park` those of an aggregate
 * are in order without a gap, up to the first event that failed for good; with `skip` those that did not fail are in
 * order. Once all is redriven none is missing.
 */
export function checkEffects(effects: readonly Effect[], expected: Expected): string[] {
  const known = new Set(expected.aggregates)
  const strangers = effects.filter(({ aggregate, turn }) => !known.has(aggregate) || turn >= expected.turns)
  const done = Map.groupBy(effects, ({ aggregate }) => aggregate)
  return [
    ...strangers.map(({ aggregate, turn }) => `${aggregate} ${turn} was never published`),
    ...expected.aggregates.flatMap(aggregate =>
      checkAggregate(
        aggregate,
        (done.get(aggregate) ?? []).map(({ turn }) => turn),
        expected
      )
    )
  ]
}

function checkAggregate(aggregate: string, turns: readonly number[], expected: Expected): string[] {
  const { isRedriven, policy } = expected
  const failure = (turn: number) => expected.failureOf(aggregate, turn)
  const all = Array.from({ length: expected.turns }, (_, turn) => turn)
  const first = all.findIndex(turn => isFinal(failure(turn)))
  const end = first < 0 ? expected.turns : first
  /** With its effect done an event that fails is done. */
  const isDone = (turn: number) => !isFinal(failure(turn)) || failure(turn) === 'after its effect'
  // Then so may be those after it: they were in the same batch.
  const mayPark = (turn: number) => turn < end || failure(end) === 'after its effect'
  const mustPark = (turn: number) => turn < end || (turn === end && isDone(turn))
  const mayBeDone = (turn: number) => isRedriven || (policy === 'park' ? mayPark(turn) : isDone(turn))
  const wanted = all.filter(turn => isRedriven || (policy === 'park' ? mustPark(turn) : isDone(turn)))
  const seen = new Set(turns)
  // Where none of them failed, or nothing may overtake: the order of the effects is that of the events.
  const ordered = policy === 'park' ? turns : turns.filter(turn => !isFinal(failure(turn)))
  return [
    ...wanted.filter(turn => !seen.has(turn)).map(turn => `${aggregate} ${turn} has no effect`),
    ...turns.filter((turn, at) => turns.indexOf(turn) !== at).map(turn => `${aggregate} ${turn} has its effect again`),
    ...turns.filter(turn => !mayBeDone(turn)).map(turn => `${aggregate} ${turn} was done before an event that failed`),
    ...ordered.flatMap((turn, at) =>
      turn < (ordered[at - 1] ?? -1) ? [`${aggregate} ${turn} was done after ${ordered[at - 1]}`] : []
    )
  ]
}
