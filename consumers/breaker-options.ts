import { givenOnly, type Rules, rule } from '../core/index.ts'

/** When a group stops reading a topic of which most messages become dead letters. */
export interface BreakerOptions {
  /** Latest messages of a topic that are judged. Default 200. */
  readonly window?: number
  /** The topic is stopped when more than this share of `window` became dead letters; below 1. Default 0.5. */
  readonly ratio?: number
  /** ms for which a stopped topic rests before one message of it is tried. Default 60,000. */
  readonly probeAfterMs?: number
  /** Messages that have to be handled, one after the other, before the topic is read as before. Default 5. */
  readonly probes?: number
}

export type ResolvedBreaker = Readonly<Required<BreakerOptions>> | false

const insideRules: Rules<BreakerOptions> = {
  window: rule.wholeNumber(1, 100_000),
  ratio: rule.numberBetween(0, 0.999),
  probeAfterMs: rule.duration(1),
  probes: rule.wholeNumber(1)
}
const inside = rule.object(insideRules, 'an object, or false for none')

/** False, or {@link BreakerOptions}. */
export const breakerRule = { ...inside, fault: (value: unknown) => (value === false ? undefined : inside.fault(value)) }

/** With the defaults filled in. */
export const breakerOf = (given: BreakerOptions | false = {}): ResolvedBreaker =>
  given !== false && { window: 200, ratio: 0.5, probeAfterMs: 60_000, probes: 5, ...givenOnly(given) }
